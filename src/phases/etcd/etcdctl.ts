import * as z from 'zod';
import { ports } from '../../kernel/host-paths.ts';
import { sh } from '../../kernel/quote.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { Gate } from '../../plan/stage.ts';
import type { Watch } from '../../probe/observe.ts';
import { leafFiles } from '../shared/certificates.ts';
import type { World } from '../phase.ts';
import type { Host } from '../../inventory/types.ts';

const client = leafFiles('etcd-healthcheck-client');

/** Where a member answers its own host. */
export const HERE = `https://127.0.0.1:${ports.etcdClient}`;

export const clientUrl = ({ ip }: Host): string => `https://${ip}:${ports.etcdClient}`;

/**
 * The beginning of a command of etcdctl on a member's host, as its client. 3.3 speaks the old API unless it is told. What
 * root's own environment says is overridden: with an option beside it, etcdctl would refuse both.
 * @param endpoints members that it asks
 */
export const etcdctl = (endpoints: readonly string[], seconds = 10): string =>
  [
    'env ETCDCTL_API=3',
    sh`${`ETCDCTL_ENDPOINTS=${endpoints.join(',')}`} ${`ETCDCTL_CACERT=${caFilesOf('etcd').certificate}`}`,
    sh`${`ETCDCTL_CERT=${client.certificate}`} ${`ETCDCTL_KEY=${client.key}`}`,
    sh`etcdctl --dial-timeout=3s ${`--command-timeout=${seconds}s`}`,
  ].join(' ');

const IN_USE = 'etcd_mvcc_db_total_size_in_use_in_bytes';
const QUOTA = 'etcd_server_quota_backend_bytes';
const QUOTED = sh`--cacert ${caFilesOf('etcd').certificate} --cert ${client.certificate} --key ${client.key}`;

const STATUS = 'etcd-status';
const SIZES = 'etcd-sizes';
const ALARMS = 'etcd-alarms';

/** What a member says of itself. Before 3.4 only its metrics tell how much of the database is in use. */
export const statusWatches: readonly Watch[] = [
  {
    kind: 'answer',
    key: STATUS,
    slow: true,
    script: `timeout 12 ${etcdctl([HERE], 5)} endpoint status -w json 2>/dev/null`,
  },
  {
    kind: 'answer',
    key: SIZES,
    slow: true,
    script: `curl -sS --max-time 5 --noproxy '*' ${QUOTED} ${HERE}/metrics 2>/dev/null | grep -E '^(${IN_USE}|${QUOTA}) '`,
  },
  {
    kind: 'answer',
    key: ALARMS,
    slow: true,
    script: `timeout 12 ${etcdctl([HERE], 5)} alarm list 2>/dev/null`,
  },
];

export interface MemberState {
  readonly id: string;
  readonly version: string;
  readonly revision: number;
  /** `undefined` while it knows of none. */
  readonly leader: string | undefined;
  readonly isLearner: boolean;
  readonly raftIndex: number;
  readonly total: number;
  readonly inUse: number | undefined;
  readonly quota: number | undefined;
}

/** What a member said of itself; `undefined` where that is not wholly of the known form. */
export function memberState(world: World, { name }: Host): MemberState | undefined {
  const seen = world.seen(name);
  const said = parsedStatus(seen?.answer(STATUS)?.output ?? '');
  if (!said) return undefined;
  const metric = metricsOf(seen?.answer(SIZES)?.output ?? '');
  const { header, version, isLearner = false, raftIndex, dbSize } = said;
  return {
    id: hex(header.member_id),
    version,
    revision: Number(header.revision ?? 0),
    leader: leaderIn(said),
    isLearner,
    raftIndex: Number(raftIndex),
    total: Number(dbSize),
    inUse: metric(IN_USE),
    quota: metric(QUOTA),
  };
}

/** `[id, kind]` of the alarms that are raised, as any member tells them. */
export function alarmsOf(world: World, hosts: readonly Host[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { name } of hosts) {
    const said = world.seen(name)?.answer(ALARMS)?.output ?? '';
    for (const [, id = '', kind = ''] of said.matchAll(/^memberID:(\d{1,20}) alarm:([A-Z]{1,20}) *$/gm)) {
      const kinds = found.get(hex(id)) ?? [];
      if (!kinds.includes(kind)) kinds.push(kind);
      found.set(hex(id), kinds);
    }
  }
  return found;
}

/** Whether a member has a leader. With an alarm it is not healthy by its own word, and does all but write. */
export const hasLeader = (world: World, host: Host): boolean =>
  memberState(world, host)?.leader !== undefined;

/** Holds when a member has a leader. */
export const leaderGate = ({ name }: Host): Gate => ({
  title: 'etcd has a leader',
  at: name,
  watches: statusWatches.slice(0, 1),
  judge: (seen) =>
    leaderIn(parsedStatus(seen.answer(STATUS)?.output ?? '')) ? undefined : 'it knows of no leader',
  timeoutSeconds: 60,
  units: ['etcd.service'],
});

/** Holds when there is room in the database of a member again. */
export const roomGate = ({ name }: Host): Gate => ({
  title: 'the database has room',
  at: name,
  watches: statusWatches.slice(0, 2),
  judge(seen) {
    const total = Number(parsedStatus(seen.answer(STATUS)?.output ?? '')?.dbSize ?? Number.NaN);
    const quota = metricsOf(seen.answer(SIZES)?.output ?? '')(QUOTA);
    if (quota === undefined || Number.isNaN(total)) return 'it does not say how big it is';
    return total < quota * FULL ? undefined : `it has ${total} of ${quota} bytes`;
  },
  timeoutSeconds: 10,
  units: [],
});

/** An alarm that is taken back with less room is raised again at once. */
const FULL = 0.95;

const leaderIn = (said: z.output<typeof statusSchema>[0]['Status'] | undefined): string | undefined =>
  said?.leader === undefined || said.leader === '0' ? undefined : hex(said.leader);

const hex = (decimal: string): string => BigInt(decimal).toString(16);

/** Ids are numbers of 64 bits, more than JSON.parse keeps: all numbers are read as texts. */
const number = z.string().regex(/^\d{1,20}$/);
const statusSchema = z.tuple([
  z.object({
    Status: z.object({
      header: z.object({ member_id: number, revision: number.optional() }),
      version: z.string().regex(/^\d+\.\d+\.\d+[\w.+-]{0,40}$/),
      dbSize: number,
      leader: number.optional(),
      raftIndex: number,
      isLearner: z.boolean().optional(),
    }),
  }),
]);

function parsedStatus(output: string): z.output<typeof statusSchema>[0]['Status'] | undefined {
  try {
    return statusSchema.parse(JSON.parse(output.replaceAll(/(?<=:)\d+(?=[,}])/g, '"$&"')))[0].Status;
  } catch {
    return undefined;
  }
}

/** `etcd_server_quota_backend_bytes 2.147483648e+09` */
function metricsOf(output: string): (name: string) => number | undefined {
  const values = new Map(
    [...output.matchAll(/^(\w+) (\d+(?:\.\d+)?(?:e\+\d{1,2})?)$/gm)].map(([, name = '', value]) => [
      name,
      Number(value),
    ]),
  );
  return (name) => values.get(name);
}
