import type { Answers } from '../../../../src/answers/answers.ts';

/** Answers about etcd. */
export const etcdSamples: Pick<Answers, Extract<keyof Answers, `etcd-${string}`>> = {
  'etcd-backup': {
    file: '/s/demo/backups/demo-20260102T030405Z.db',
    host: 'm1',
    bytes: 2_500_000,
    sha256: 'ab12',
    revision: 4711,
    keys: 900,
  },
  'etcd-defrag': { members: [{ host: 'm1', before: 250_000_000, after: 40_000_000 }], disarmed: ['NOSPACE'] },
  'etcd-replace': {
    host: 'm1',
    setAside: ['/var/lib/etcd/member.set-aside.1'],
    backup: '/s/demo/backups/demo-20260102T030405Z.db',
  },
  'etcd-restore': {
    file: '/s/demo/backups/demo-20260102T030405Z.db',
    revision: 4711,
    setAside: { m1: ['/var/lib/etcd/member.set-aside.1'] },
    unfinished: ['w1'],
  },
  'etcd-status': {
    well: false,
    quorum: { members: 2, needed: 2, healthy: 1 },
    members: [
      {
        host: 'm1',
        id: '8e9e05c52164694d',
        peerUrl: 'https://192.0.2.11:2380',
        role: 'leader',
        healthy: true,
        version: '3.3.11',
        size: { total: 2_500_000, inUse: 2_000_000, quota: 2_147_483_648 },
        raftIndex: 100,
        lag: 0,
        alarms: ['NOSPACE'],
      },
      {
        host: null,
        id: '91bc3c398fb3c146',
        peerUrl: 'https://192.0.2.12:2380',
        role: 'unknown',
        healthy: false,
        version: null,
        size: null,
        raftIndex: null,
        lag: null,
        alarms: [],
      },
    ],
    problems: ['m2 (https://192.0.2.12:2380, id 91bc3c398fb3c146) is in etcd and not in the inventory'],
  },
};
