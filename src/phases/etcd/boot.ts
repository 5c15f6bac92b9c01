import { quote } from '../../kernel/quote.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Host } from '../../inventory/types.ts';
import type { Observed } from '../../probe/observe.ts';
import { file } from '../../resources/file.ts';
import { type Resource, none } from '../../resources/resource.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
import { initialCluster, joining } from './join.ts';
import { membership, membershipWatches, peerUrl, startedWatch, walFolder } from './members.ts';

/**
 * What a member is started with for the first time. While it cannot be told whether it would be the first time, nothing
 * of etcd is changed on the host: started without data that others rely on, it would vote for forgetting it.
 */
export function beforeStart(world: World, host: Host): Resource[] {
  const found = membership(world, host);
  const bootEnv = file({ path: paths.etcdBootEnv, content: bootEnvironment(world, host) });
  const watches = [...bootEnv.watches, ...membershipWatches(world, host)];
  if (found.is === 'lost' || found.is === 'late' || found.is === 'unknown') {
    const waitsFor = found.is === 'unknown' ? found.why : 'the data of this member';
    const summary = 'its data is not there';
    return [{ ...bootEnv, watches, diff: () => ({ kind: 'unknown', summary, waitsFor }) }];
  }
  const isNew = found.is === 'added' || found.is === 'joins';
  return [...joining(world, host), { ...bootEnv, watches }, ...(isNew ? [forgetStart] : [])];
}

/** Once it has had data, the unit does not start it without; one that was added anew may be. */
const forgetStart: Resource = {
  id: 'etcd-start',
  title: 'etcd starts anew',
  watches: [startedWatch],
  diff: (seen) =>
    seen.file(paths.etcdStarted)?.type === 'file'
      ? { kind: 'delete', summary: 'the member was added anew' }
      : none('has not started yet'),
  steps: () => [{ op: 'remove', path: paths.etcdStarted }],
};

/** Written when there is data, and never before: a first start that failed may be tried again. */
export function afterStart(world: World, host: Host): Resource {
  const mark = file({
    path: paths.etcdStarted,
    content: '# This member has had data. Without it, it is not started again.\n',
  });
  const again = ['added', 'joins'].includes(membership(world, host).is);
  const data = `${quote(walFolder(world, host))}/*.wal`;
  return {
    ...mark,
    diff: (seen, upstream) =>
      again ? { kind: 'create', summary: 'it has data' } : mark.diff(seen, upstream),
    async steps(change, seen) {
      const script = `i=0; set -- ${data}
while [ ! -e "$1" ] && [ $i -lt 60 ]; do sleep 1; i=$((i + 1)); set -- ${data}; done
[ -e "$1" ] || { echo 'etcd was started and has written nothing'; exit 1; }`;
      return [{ op: 'run', title: 'wait for the data of etcd', script }, ...(await mark.steps(change, seen))];
    },
  };
}

/**
 * Read at a member's first start only, so a change here restarts nothing. A host without data joins a
 * cluster that exists; one with data keeps what it was started with.
 */
function bootEnvironment(world: World, host: Host): string {
  const found = membership(world, host);
  const before = found.is === 'member' ? recorded(world.seen(host.name)) : {};
  const all = withRole(world, 'etcd').map((one) => `${one.name}=${peerUrl(one)}`);
  const isNew = found.is === 'added' || found.is === 'joins';
  return [
    '# For the first start of this member; etcd itself remembers afterwards.',
    `ETCD_INITIAL_CLUSTER=${isNew ? initialCluster(world, host) : (before.cluster ?? all.join(','))}`,
    `ETCD_INITIAL_CLUSTER_STATE=${found.is === 'founder' ? 'new' : (before.state ?? 'existing')}`,
    `ETCD_INITIAL_CLUSTER_TOKEN=${before.token ?? world.inventory.name}`,
    '',
  ].join('\n');
}

interface Recorded {
  readonly cluster?: string | undefined;
  readonly state?: string | undefined;
  readonly token?: string | undefined;
}

function recorded(seen: Observed | undefined): Recorded {
  const file = seen?.file(paths.etcdBootEnv);
  const text = (file?.type === 'file' ? file.content?.toString('utf8') : undefined) ?? '';
  return {
    cluster: /^ETCD_INITIAL_CLUSTER=([\w.=:/,-]+)$/m.exec(text)?.[1],
    state: /^ETCD_INITIAL_CLUSTER_STATE=(new|existing)$/m.exec(text)?.[1],
    token: /^ETCD_INITIAL_CLUSTER_TOKEN=([\w.-]+)$/m.exec(text)?.[1],
  };
}
