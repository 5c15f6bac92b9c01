import { quote } from '../../kernel/quote.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Host } from '../../inventory/types.ts';
import type { Observed } from '../../probe/observe.ts';
import { file } from '../../resources/file.ts';
import { type Resource, none } from '../../resources/resource.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
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
  return [{ ...bootEnv, watches }, ...(found.is === 'added' ? [forgetStart] : [])];
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
  const again = membership(world, host).is === 'added';
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
 * cluster that exists; one with data keeps the word it was started with.
 */
function bootEnvironment(world: World, host: Host): string {
  const found = membership(world, host);
  const state =
    found.is === 'founder'
      ? 'new'
      : ((found.is === 'member' ? recorded(world.seen(host.name)) : undefined) ?? 'existing');
  return [
    '# For the first start of this member; etcd itself remembers afterwards.',
    `ETCD_INITIAL_CLUSTER=${withRole(world, 'etcd')
      .map((one) => `${one.name}=${peerUrl(one)}`)
      .join(',')}`,
    `ETCD_INITIAL_CLUSTER_STATE=${state}`,
    `ETCD_INITIAL_CLUSTER_TOKEN=${world.inventory.name}`,
    '',
  ].join('\n');
}

function recorded(seen: Observed | undefined): string | undefined {
  const state = seen?.file(paths.etcdBootEnv);
  const text = state?.type === 'file' ? state.content?.toString('utf8') : undefined;
  return /^ETCD_INITIAL_CLUSTER_STATE=(new|existing)$/m.exec(text ?? '')?.[1];
}
