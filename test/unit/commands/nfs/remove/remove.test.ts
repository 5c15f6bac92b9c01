import { chmodSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deleteScript } from '../../../../../src/commands/nfs/remove/remove-script.ts';
import { INTO } from '../../../../../src/resources/steps/into.ts';
import { PRIVATE_TMP } from '../../../../support/private-tmp.ts';
import { shells } from '../../../../support/shells.ts';
import { scratch } from '../../../../support/ssh-target.ts';
import { run } from '../../../cli/support.ts';
import { type NfsHost, nfsHost } from '../nfs-host.ts';

describe.each(shells)('deleting the data of an export, in $name', (shell) => {
  const folder = (host: NfsHost, name: string): string => {
    const path = join(realpathSync(host.root), name);
    mkdirSync(join(path, 'deep/er'), { recursive: true });
    writeFileSync(join(path, 'deep/er/file'), 'x');
    return path;
  };
  const remove = async (host: NfsHost, path: string): Promise<string> =>
    (await host.run(`${PRIVATE_TMP}${INTO}\nset -e\n${deleteScript(path)}\necho deleted`))
      .toString('utf8')
      .trim();

  it.each(['data', "a b'c", '-rf', 'é#"$x'])('deletes %s', async (name) => {
    const host = nfsHost(shell);
    const path = folder(host, name);
    const other = folder(host, 'other');
    expect(await remove(host, path)).toBe('deleted');
    expect(existsSync(path)).toBe(false);
    expect(existsSync(join(other, 'deep/er/file'))).toBe(true);
  });

  it('refuses a link, and a path by way of a link', async () => {
    const host = nfsHost(shell);
    const path = folder(host, 'data');
    symlinkSync(path, join(host.root, 'link'));
    expect(await remove(host, join(realpathSync(host.root), 'link'))).toBe('it is a link');
    expect(await remove(host, join(realpathSync(host.root), 'link/deep'))).toBe(
      `${realpathSync(host.root)}/link/deep leads to ${path}/deep`,
    );
    expect(existsSync(join(path, 'deep/er/file'))).toBe(true);
  });

  it.each(['data x', 'data x/deep', 'data x/deep/er'])(
    'refuses what has a mount point at %s',
    async (point) => {
      const host = nfsHost(shell);
      const path = folder(host, 'data x');
      const at = join(realpathSync(host.root), point).replaceAll(' ', '\\040');
      host.write('mounts', `/dev/sdb1 ${at} xfs rw 0 0\n`);
      expect(await remove(host, path)).toBe(`${at} is a mount point`);
      expect(existsSync(join(path, 'deep/er/file'))).toBe(true);
    },
  );

  it('is not kept from it by a neighbour of a similar name', async () => {
    const host = nfsHost(shell);
    const path = folder(host, 'data');
    host.write('mounts', `/dev/sdb1 ${realpathSync(host.root)}/data2 xfs rw 0 0\n`);
    expect(await remove(host, path)).toBe('deleted');
  });

  it.each([0o777, 0o1777, 0o775])('refuses what is in a folder of others, of mode %i', async (mode) => {
    const host = nfsHost(shell);
    const path = folder(host, 'outer/data');
    chmodSync(join(host.root, 'outer'), mode);
    expect(await remove(host, path)).toMatch(/^others than root may change what is in .*\/outer \(mode 1?77/);
    expect(existsSync(join(path, 'deep/er/file'))).toBe(true);
  });

  it('says so when there is none', async () => {
    const host = nfsHost(shell);
    expect(await remove(host, join(host.root, 'none'))).toBe('there is no such folder');
  });
});

describe('nfs remove', () => {
  const write = (nfs: string): { file: string; remove: () => void } => {
    const folder = scratch();
    const hosts =
      '[{ name: m1, address: 192.0.2.1, roles: [master, etcd, worker] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]';
    const file = folder.file('inventory.yaml', `name: demo\nhosts: ${hosts}\n${nfs}`);
    return { file, remove: folder.remove };
  };

  it.each([
    [
      'nfs:\n  exports:\n    - path: /nfsdata\n',
      ['/nfsdata'],
      /nfs.exports\[0\] still names \/nfsdata.*inventory.yaml:5:13/s,
    ],
    ['nfs:\n  exports:\n    - path: /nfsdata\n', ['n1:/nfsdata/'], 'nfs.exports[0] still names /nfsdata'],
    ['nfs: { exports: [{ path: /nfsdata }] }\n', ['data'], '"data" is no export'],
    ['nfs: { exports: [{ path: /nfsdata }] }\n', ['m1:/data'], 'm1 exports nothing'],
    [
      'nfs: { exports: [{ path: /nfsdata }] }\n',
      ['/srv', '--delete-data'],
      '/srv is not deleted: it holds the data of others too',
    ],
    ['nfs: { exports: [{ path: /nfsdata }] }\n', ['/etc/x', '--delete-data'], '/etc belongs to the system'],
    ['', ['/nfsdata'], 'E_NO_NFS'],
  ])('with %j refuses %j before any host is asked', async (nfs, args, says) => {
    const { file, remove } = write(nfs);
    try {
      const { code, stderr } = await run(['-i', file, 'nfs', 'remove', ...args]);
      expect(stderr).toMatch(says);
      expect(stderr).not.toContain('192.0.2');
      expect([1, 2]).toContain(code);
    } finally {
      remove();
    }
  });
});
