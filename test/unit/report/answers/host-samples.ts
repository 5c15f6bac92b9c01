import type { Answers } from '../../../../src/answers/answers.ts';

/** Answers about what hosts carry. */
export const hostSamples: Pick<Answers, 'reset' | 'status' | 'support' | 'unlock'> = {
  reset: {
    cluster: 'demo',
    stateFolder: '/s/demo',
    hosts: [
      {
        host: 'm1',
        wasOurs: true,
        left: ['/etc/x is not empty'],
        packages: ['socat'],
        data: ['/var/lib/etcd'],
      },
    ],
  },
  status: {
    well: false,
    watched: { at: '2026-11-29T12:00:05.000Z', everySeconds: 5, moved: { m1: ['health'] }, trouble: null },
    hosts: [
      {
        host: 'm1',
        roles: ['master', 'etcd'],
        reached: true,
        components: [
          {
            unit: 'etcd.service',
            state: 'active',
            atBoot: true,
            since: 'Sun 2026-11-29 12:00:00 UTC',
            changedBy: ['/etc/systemd/system/etcd.service.d/x.conf'],
          },
        ],
        orphans: ['/etc/old.conf'],
        health: [{ check: 'etcd is healthy', missing: 'one member' }],
        certificates: [
          { path: '/etc/etcd/pki/server.crt', notAfter: '2029-01-01T00:00:00.000Z', daysLeft: 1094 },
        ],
        drift: [{ phase: 'etcd', change: 'restart etcd.service', summary: 'start' }],
        problems: ['not so: etcd is healthy (one member)'],
      },
    ],
  },
  unlock: {
    held: [
      { host: 'm1', by: 'root@laptop (pid 12) since 2026-11-29T12:00:00Z' },
      { host: 'w1', by: 'a run that has just begun' },
    ],
    taken: ['m1'],
    notAsked: ['w2'],
  },
  support: { file: '/s/demo-support-1.tar.gz', files: 12, hosts: ['m1', 'w1'] },
};
