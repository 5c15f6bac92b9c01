import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load as yaml } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { StepResult } from '../../../../../src/commands/nfs/causes.ts';
import { type Task, checkScript } from '../../../../../src/commands/nfs/check/check-script.ts';
import { readFrames } from '../../../../../src/commands/nfs/frames.ts';
import { nfsOf, nodesOf, targetsOf } from '../../../../../src/commands/nfs/targets.ts';
import type { Inventory } from '../../../../../src/inventory/types.ts';
import { shells } from '../../../../support/shells.ts';
import { load } from '../../../inventory/load-text.ts';
import { type NfsHost, nfsHost } from '../nfs-host.ts';

const cluster = async (nfs: string): Promise<Inventory> =>
  (
    await load(
      `name: x\nhosts: [{ name: m1, address: 192.0.2.1, roles: [master, etcd] }, { name: w1, address: 192.0.2.2, roles: [worker] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]\nnfs: ${nfs}\n`,
    )
  ).inventory;

const onNode = (inventory: Inventory): Task => ({ serves: [], mounts: targetsOf(inventory) });
const onServer = (inventory: Inventory): Task => ({ serves: targetsOf(inventory), mounts: [] });

async function check(host: NfsHost, inventory: Inventory, task = onNode): Promise<Map<string, StepResult>> {
  return readFrames('abc', await host.run(checkScript(task(inventory), nfsOf(inventory), 'abc')));
}

const codes = (steps: ReadonlyMap<string, StepResult>): Record<string, number> =>
  Object.fromEntries([...steps].map(([name, { code }]) => [name, code]));

const LISTING = 'Export list for 192.0.2.9:\n/nfsdata 192.0.2.0/24\n';

describe.each(shells)('the script of a check, in $name', (shell) => {
  it('mounts, writes, reads back, deletes, unmounts, and leaves nothing', async () => {
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.says('showmount', LISTING);
    const folder = host.exports('192.0.2.9:/nfsdata');
    const steps = await check(host, await cluster('{ exports: [{ path: /nfsdata }] }'));
    expect(codes(steps)).toEqual({
      existing: 0,
      tools: 0,
      's0.dial-rpcbind': 0,
      's0.dial-mountd': 0,
      's0.list': 0,
      's0.dial-nfs': 0,
      'e0.mount': 0,
      'e0.options': 0,
      'e0.write': 0,
      'e0.owner': 0,
      'e0.read': 0,
      'e0.delete': 0,
      'e0.unmount': 0,
    });
    expect(steps.get('e0.read')?.said).toBe('abc');
    expect(steps.get('e0.options')?.said).toContain('vers=4.2');
    expect(steps.get('s0.list')?.said).toBe(LISTING);
    expect(host.left()).toEqual([]);
    expect(() => readFileSync(join(folder, '.k8s-bootstrap-check-abc'))).toThrow('ENOENT');
    expect(host.read('options')).toBe('soft,timeo=50,retrans=1,retry=0\n');
  });

  it('takes paths as they are', async () => {
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.says('showmount', '');
    const path = '/data/a b\'c"$(touch x)`#é\\z';
    host.exports(`192.0.2.9:${path}`);
    const steps = await check(host, await cluster(`{ exports: [{ path: ${JSON.stringify(path)} }] }`));
    expect(steps.get('e0.unmount')?.code).toBe(0);
    expect(host.left()).toEqual([]);
  });

  it('asks nothing of rpcbind and mountd with version 4 alone', async () => {
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.exports('192.0.2.9:/nfsdata');
    const steps = await check(host, await cluster('{ protocol: v4, exports: [{ path: /nfsdata }] }'));
    expect([...steps.keys()].filter((name) => name.startsWith('s0.'))).toEqual(['s0.dial-nfs']);
    expect(host.read('options')).toBe('vers=4,soft,timeo=50,retrans=1,retry=0\n');
  });

  it('does not mount without nfs-utils, nor where nobody listens', async () => {
    const without = nfsHost(shell);
    const inventory = await cluster('{ exports: [{ path: /nfsdata }] }');
    await without.run('rm -f "$ROOT/bin/mount.nfs"');
    expect(codes(await check(without, inventory))).toEqual({ existing: 0, tools: 127 });
    const refused = nfsHost(shell);
    refused.says('mount.nfs', '');
    refused.says('showmount', LISTING);
    refused.says('port-2049', 'connect: Connection refused\n', 1);
    refused.says('port-111', 'connect: Connection refused\n', 1);
    const steps = await check(refused, inventory);
    expect(codes(steps)).toEqual({ existing: 0, tools: 0, 's0.dial-rpcbind': 1, 's0.dial-nfs': 1 });
    expect(refused.left()).toEqual([]);
  });

  it('goes on with the next export, and takes away what a failed one left', async () => {
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.says('showmount', LISTING);
    const first = host.exports('192.0.2.9:/a');
    host.exports('192.0.2.9:/b');
    // A disk that is full: there is a file, and it is empty.
    host.says(
      'dd',
      'dd: fsync failed: No space left on device\n',
      1,
      'case $1 in of=*/run/*) : > "${1#of=}" ;; esac',
    );
    await host.run('cp "$ROOT/bin/ss" "$ROOT/bin/dd"');
    const steps = await check(host, await cluster('{ exports: [{ path: /a }, { path: /b }] }'));
    expect(steps.get('e0.write')).toMatchObject({
      code: 1,
      said: 'dd: fsync failed: No space left on device\n',
    });
    expect(codes(steps)).toMatchObject({ 'e0.unmount': 0, 'e1.mount': 0, 'e1.unmount': 0 });
    expect(steps.has('e0.read')).toBe(false);
    expect(await host.run(`ls -A ${first}`)).toHaveLength(0);
    expect(host.left()).toEqual([]);
  });

  it('detaches what is busy', async () => {
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.says('showmount', LISTING);
    host.exports('192.0.2.9:/nfsdata');
    // Only umount -l gets rid of it.
    host.write('says/umount', '[ "$1" = -l ] || { echo "umount: $1: target is busy."; exit 32; }\n');
    const steps = await check(host, await cluster('{ exports: [{ path: /nfsdata }] }'));
    expect(steps.get('e0.unmount')).toMatchObject({ code: 32 });
    expect(steps.get('e0.unmount')?.said).toContain('target is busy');
    expect(host.left()).toEqual([]);
  });

  it.each([
    ['it is stopped in the middle', 'kill -TERM $$', false],
    ['nobody reads any more', 'sleep 0.3', true],
  ])('cleans up when %s', async (_, how, cut) => {
    const inventory = await cluster('{ exports: [{ path: /nfsdata }] }');
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.says('showmount', LISTING);
    const folder = host.exports('192.0.2.9:/nfsdata');
    const script = checkScript(onNode(inventory), nfsOf(inventory), 'abc');
    // Mounted, and a file is there.
    const stopped = script.replace(
      'step "$1.read"',
      (read) => `echo "$F" >> "$ROOT/reached"; ${how}; ${read}`,
    );
    await (cut ? host.cut(stopped) : host.run(stopped));
    expect(host.read('reached')).toContain('/mnt/.k8s-bootstrap-check-abc');
    expect(host.left()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('looks at what is mounted already', async () => {
    const host = nfsHost(shell);
    host.says('mount.nfs', '');
    host.says('showmount', LISTING);
    host.exports('192.0.2.9:/nfsdata');
    const there = join(host.root, 'a b');
    await host.run(`mkdir ${JSON.stringify(there)}`);
    host.write(
      'mounts',
      `192.0.2.9:/nfsdata ${there.replace(' ', '\\040')} nfs4 rw 0 0\n192.0.2.9:/gone ${host.root}/gone nfs rw 0 0\n/dev/x ${host.root}/none ext4 rw 0 0\n`,
    );
    const { said = '' } =
      (await check(host, await cluster('{ exports: [{ path: /nfsdata }] }'))).get('existing') ?? {};
    expect(said.split('\n')[0]).toBe(`0\t192.0.2.9:/nfsdata\t${there.replace(' ', '\\040')}\trw\t`);
    expect(said).toMatch(new RegExp(`^1\t192.0.2.9:/gone\t${host.root}/gone\trw\tstat: .*No such file`, 'm'));
    expect(said.trim().split('\n')).toHaveLength(2);
  });

  it('asks a server for its services, its registration, its table and its folders', async () => {
    const host = nfsHost(shell);
    host.says('rpcinfo', '   program vers proto   port  service\n    100003    4   tcp   2049  nfs\n');
    host.says('showmount', LISTING);
    host.says('systemctl', 'active\nactive\n');
    host.write('nfs/etab', '/nfsdata\t192.0.2.0/24(rw,sync)\n');
    const steps = await check(host, await cluster('{ exports: [{ path: /nowhere/at/all }] }'), onServer);
    expect(codes(steps)).toEqual({
      'self.dial-rpcbind': 0,
      'self.dial-mountd': 0,
      'self.registered': 0,
      'self.list': 0,
      'self.dial-nfs': 0,
      'self.services': 0,
      'self.table': 0,
      'e0.folder': 1,
    });
    expect(host.left()).toEqual([]);
  });
});

describe('scripts of checks', () => {
  const forbidden = yaml(
    readFileSync(new URL('../../../../cases/centos7-forbidden.yaml', import.meta.url), 'utf8'),
  ) as { readonly commands: readonly { readonly pattern: string }[] };

  it('have only what CentOS 7 and POSIX sh have', async () => {
    const inventory = await cluster('{ exports: [{ path: /nfsdata }] }');
    const script = checkScript(
      { serves: targetsOf(inventory), mounts: targetsOf(inventory) },
      nfsOf(inventory),
      'n',
    );
    const bad = forbidden.commands.filter(({ pattern }) => new RegExp(pattern, 'm').test(script));
    expect(bad).toEqual([]);
  });

  it('are for masters and workers', async () => {
    expect(nodesOf(await cluster('{ exports: [{ path: /a }] }')).map(({ name }) => name)).toEqual([
      'm1',
      'w1',
    ]);
  });
});
