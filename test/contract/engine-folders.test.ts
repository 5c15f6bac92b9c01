import { describe, expect, it } from 'vitest';
import { bytes } from '../../src/resources/content.ts';
import { look, runSteps } from '../support/probing.ts';
import { rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

describe.each(shells)('folders made by $name as sh', (shell) => {
  it('leaves the way open to what it makes in folders that were not there, of which only the last is closed', async () => {
    const host = rootedHost(shell);
    const closed = { mode: '0700', owner: 'root', group: 'root' };
    const { code } = await runSteps(host.session(), [
      { op: 'directory', path: '/data/disk/etcd', attributes: closed },
      { op: 'directory', path: '/alone', attributes: closed },
      {
        op: 'write',
        path: '/opt/new/folder/file',
        content: bytes('x'),
        attributes: { ...closed, mode: '0644' },
      },
    ]);
    expect(code).toBe(0);
    const paths = ['/data', '/data/disk', '/data/disk/etcd', '/alone', '/opt/new', '/opt/new/folder'];
    const seen = await look(
      host.session(),
      paths.map((key) => ({ kind: 'file', key, read: 'digest' })),
    );
    const modes = paths.map((path) => [path, (seen.file(path) as { mode?: string } | undefined)?.mode]);
    expect(Object.fromEntries(modes)).toEqual({
      ...{ '/data': '0755', '/data/disk': '0755', '/data/disk/etcd': '0700', '/alone': '0700' },
      ...{ '/opt/new': '0755', '/opt/new/folder': '0755' },
    });
  });
});
