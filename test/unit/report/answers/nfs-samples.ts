import type { Answers } from '../../../../src/answers/answers.ts';

export const nfsSamples: Pick<Answers, 'nfs-check' | 'nfs-claim' | 'nfs-remove' | 'nfs-status'> = {
  'nfs-check': {
    check: 'mounts',
    well: false,
    lost: ['w2'],
    servers: [
      {
        server: 'n1',
        services: { 'rpcbind.service': 'inactive', 'nfs-server.service': 'active' },
        registered: ['nfs', 'mountd'],
        exported: ['/a'],
        missing: ['/b'],
      },
    ],
    mounts: [
      {
        node: 'w1',
        export: 'n1:/a',
        result: 'failed',
        version: '4.2',
        milliseconds: { reach: 5, mount: 12 },
      },
    ],
    problems: [
      {
        cause: 'access-denied',
        says: 'n1 does not export /a to w1',
        remedy: 'Add it.',
        host: 'w1',
        step: 'mount',
        server: 'n1',
        path: '/a',
        said: 'access denied by server',
      },
    ],
    causes: [
      {
        cause: 'access-denied',
        says: 'n1 does not export /a, /b to w1',
        remedy: 'Add it.',
        hosts: ['w1'],
        paths: ['/a', '/b'],
        said: ['access denied by server\n  while mounting /a'],
      },
    ],
  },
  'nfs-claim': {
    check: 'claim',
    well: false,
    storageClass: 'nfs-client',
    bound: 2100,
    volume: 'pvc-1',
    folder: '192.0.2.9:/nfsdata/x',
    pods: [
      { node: 'm1', reads: 'w1', result: 'ok', seconds: 7 },
      { node: 'w1', reads: 'm1', result: 'failed', seconds: null },
    ],
    problems: [
      {
        where: 'w1',
        cause: 'pod-silent',
        says: 'the pod on w1 did not come up',
        remedy: 'Look.',
        said: 'a\nb',
      },
    ],
    causes: [
      {
        cause: 'pod-silent',
        says: 'the pod on w1 did not come up',
        remedy: 'Look.',
        hosts: ['w1'],
        paths: [],
        said: ['a\nb'],
      },
    ],
    left: ['192.0.2.9:/nfsdata/archived-x'],
  },
  'nfs-remove': { host: 'n1', path: '/a', exported: false, deleted: false, problem: 'rm failed' },
  'nfs-status': {
    well: false,
    servers: [
      {
        server: 'n1',
        services: { 'nfs-server.service': 'active' },
        strangers: ['198.51.100.7'],
        clients: ['x'],
      },
    ],
    exports: [
      {
        server: 'n1',
        path: '/a',
        client: '192.0.2.0/24',
        options: ['rw', 'sync', 'wdelay'],
        declared: true,
        ours: true,
        space: { totalKiB: 10_000_000, freeKiB: 8_000_000 },
        mountedBy: { w1: 2 },
      },
    ],
    mounts: [{ node: 'w1', from: 'n1:/a', at: '/p/1', version: '4.2', state: 'hangs', said: 'nothing' }],
    problems: ['w1: n1:/a at /p/1 hangs'],
  },
};
