import { paths } from '../../kernel/host-paths.ts';
import { momentOf, stampOf } from '../../kernel/stamp.ts';
import type { Host } from '../../inventory/types.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { bytes } from '../../resources/content.ts';
import { file } from '../../resources/file.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Step } from '../../resources/step.ts';
import type { World } from '../phase.ts';
import { isNode, withRole } from './topology.ts';

/**
 * When a cluster goes back to a snapshot, its revisions go back, and whatever watches the API waits for some that are
 * gone. The members of etcd get this mark before their data is swapped, every other host by the next run, and it is among
 * the inputs of all that watches: a restore that was cut short is completed by "up".
 */
export const restoredWatch: Watch = { kind: 'file', key: paths.restored, read: 'content' };

/**
 * The moment of the last restore, as `20261129T114000Z`; `undefined` when there was none. Hosts that hold the store or
 * the authorities are believed: any other could have all of the cluster restarted by it.
 */
export function restoredAt(world: World): string | undefined {
  const told = withRole(world, 'master', 'etcd');
  const stamps = told.flatMap(({ name }) => stampIn(world.seen(name)) ?? []);
  return stamps.toSorted().at(-1);
}

/** The mark of a restore now: behind the last one also where that was written by a clock that was ahead. */
export function nextRestored(world: World, now: string): string {
  const last = momentOf(restoredAt(world) ?? '');
  return last === undefined || stampOf(last) < now ? now : stampOf(new Date(last.getTime() + 1000));
}

function stampIn(seen: Observed | undefined): string | undefined {
  const state = seen?.file(paths.restored);
  const text = state?.type === 'file' ? state.content?.toString('utf8') : undefined;
  const stamp = /^(\d{8}T\d{6}Z)\n$/.exec(text ?? '')?.[1];
  return stamp !== undefined && momentOf(stamp) ? stamp : undefined;
}

/** The mark on a host that has a part in the cluster, once there was a restore. */
export function restoredMark(world: World, host: Host): Resource[] {
  const stamp = restoredAt(world);
  const watches = isNode(host) || host.roles.includes('etcd');
  return stamp === undefined || !watches ? [] : [file({ path: paths.restored, content: `${stamp}\n` })];
}

/** Marks a host by hand, as nobody has seen the mark yet. */
export const markRestored = (stamp: string): Step => ({
  op: 'write',
  path: paths.restored,
  content: bytes(`${stamp}\n`),
  attributes: { mode: '0644', owner: 'root', group: 'root' },
});
