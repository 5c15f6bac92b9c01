import type { World } from '../../../../src/phases/phase.ts';
import { type Sight, textFile, worldOf } from '../../phases/world.ts';

const HOSTS = ['m1', 'm2', 'm3'];
const IDS = ['17', '34', '51'];

/** How a member fares; `gone` has lost its data, `bare` was installed anew, `new` was added and has not started, `out` is no member any more. */
export type Fares =
  'well' | 'down' | 'gone' | 'bare' | 'new' | 'out' | 'out without data' | 'away' | 'full' | 'wasteful';

const UNITS = [
  ...['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  ...['kubelet', 'kube-proxy', 'flanneld'],
].map((name) => `${name}.service`);
const FILE = { type: 'file', mode: '', owner: '', group: '', size: 1, sha256: '' } as const;

const url = (index: number): string => `https://192.0.2.${11 + index}:2380`;

const isListed = (fares: Fares): boolean => !fares.startsWith('out');

/** Three members as they would be seen; m2 leads where it runs, else m1. */
export function etcdWorld(fares: readonly Fares[], more: Readonly<Record<string, unknown>> = {}): World {
  const leads = ['well', 'full'].includes(fares[1] ?? '') ? 1 : 0;
  const list = fares.flatMap((one, index) =>
    isListed(one)
      ? [
          `{"id":${IDS[index]},"peerURLs":["${url(index)}"]${one === 'new' ? '' : `,"name":"m${index + 1}","clientURLs":["https://x:2379"]`}}`,
        ]
      : [],
  );
  const sightOf = (one: Fares, index: number): Sight => {
    const runs = ['well', 'full', 'wasteful'].includes(one);
    const status = {
      Endpoint: 'https://127.0.0.1:2379',
      Status: {
        header: { cluster_id: 1, member_id: Number(IDS[index]), revision: 700 + index, raft_term: 2 },
        version: '3.3.11',
        dbSize: { full: 2_147_000_000, wasteful: 200_000_000 }[one as string] ?? 90_000_000,
        leader: Number(IDS[leads]),
        raftIndex: 5000 + index,
        raftTerm: 2,
      },
    };
    return {
      answers: {
        'etcd-data': {
          code: 0,
          output: ['well', 'down', 'out', 'full', 'wasteful'].includes(one) ? 'yes' : 'no',
        },
        'etcd-members': runs ? { code: 0, output: `[${list.join(',')}]` } : { code: 7, output: '' },
        'etcd-health': {
          code: 0,
          output:
            one === 'well' || one === 'wasteful'
              ? '{"health":"true"}{"etcdserver":"3.3.11","etcdcluster":"3.3.0"}'
              : '',
        },
        'etcd-status': { code: runs ? 0 : 1, output: runs ? JSON.stringify([status]) : '' },
        'etcd-sizes': {
          code: 0,
          output: runs
            ? 'etcd_mvcc_db_total_size_in_use_in_bytes 8e+07\netcd_server_quota_backend_bytes 2.147483648e+09'
            : '',
        },
        'etcd-alarms': {
          code: 0,
          output: fares
            .flatMap((other, at) => (other === 'full' ? [`memberID:${IDS[at]} alarm:NOSPACE `] : []))
            .join('\n'),
        },
      },
      files: {
        ...Object.fromEntries(
          UNITS.map((unit) => [`/etc/systemd/system/${unit}`, one === 'bare' ? { type: 'absent' } : FILE]),
        ),
        '/etc/etcd/started': one === 'new' || one === 'bare' ? { type: 'absent' } : FILE,
        '/var/lib/etcd':
          one === 'bare'
            ? { type: 'absent' }
            : { type: 'directory', mode: '0700', owner: 'etcd', group: 'etcd' },
        '/etc/etcd/boot.env': textFile(''),
      },
    };
  };
  return worldOf({
    inventory: {
      hosts: HOSTS.map((name, index) => ({
        name,
        address: `192.0.2.${11 + index}`,
        roles: ['master', 'etcd'],
      })),
      ...more,
    },
    seen: Object.fromEntries(
      HOSTS.map((name, index) => {
        const one = fares[index] ?? 'well';
        return [name, one === 'away' ? undefined : sightOf(one, index)];
      }),
    ),
  });
}
