import { describe, expect, it } from 'vitest';
import { bytes } from '../../src/resources/content.ts';
import type { Step } from '../../src/resources/step.ts';
import { look, runSteps } from '../support/probing.ts';
import { rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const write = (path: string): Step => ({
  op: 'write',
  path,
  content: bytes('x'),
  attributes: { mode: '0644', owner: 'root', group: 'root' },
});

describe.each(shells)('in folders, steps run by $name as sh', (shell) => {
  it('sweep up what a power cut has left of earlier ones: there may be a key in it', async () => {
    const host = rootedHost(shell);
    host.write('/etc/kubernetes/pki/.k8s-bootstrap.a1B2c3/new', 'a key');
    host.write('/var/lib/k8s-bootstrap/tmp/packages.a1B2c3', 'a list');
    const { code } = await runSteps(host.session(), [
      write('/etc/kubernetes/pki/a.key'),
      write('/etc/kubernetes/pki/b.key'),
    ]);
    expect(code).toBe(0);
    expect(host.list('/').filter((path) => path.includes('.k8s-bootstrap.'))).toEqual([]);
    expect(host.list('/').filter((path) => path.includes('packages.'))).toEqual([]);
  });

  it('leave the way open to what it makes in folders that were not there, of which only the last is closed', async () => {
    const host = rootedHost(shell);
    const closed = { mode: '0700', owner: 'root', group: 'root' };
    const { code } = await runSteps(host.session(), [
      { op: 'directory', path: '/data/disk/etcd', attributes: closed },
      { op: 'directory', path: '/alone', attributes: closed },
      write('/opt/new/folder/file'),
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
