import type { Cluster } from '../../cluster/open.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import type { Goal } from '../../run/converge.ts';
import { type Fleet, alive, sightings } from '../../run/fleet.ts';

/** A cluster is not begun while a master or etcd member is out of reach; one that stands is worked on without. */
export function refuseHalfACluster(
  fleet: Fleet,
  goal: Goal,
  cluster: Cluster,
  limit?: readonly string[],
): void {
  const essential = [...fleet.members.values()].filter(({ name }) => goal.essential(name));
  const lost = essential.filter(({ failed }) => failed);
  const left = essential.filter(({ name }) => !(limit?.includes(name) ?? true));
  if (lost.length + left.length === 0) return;
  const world = cluster.world(sightings(fleet));
  if (alive(fleet).some(({ name }) => world.facts(name).cluster !== undefined)) return;
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(', ');
    throw new BootstrapError('E_LIMIT', `--limit leaves out ${names}, and there is no cluster yet`, {
      hint: 'A new cluster needs all its masters and etcd members. Nothing was changed.',
      exitCode: ExitCode.usage,
    });
  }
  throw new BootstrapError('E_UNREACHABLE', `${lost.map(({ name }) => name).join(', ')} cannot be reached`, {
    hint: 'A new cluster needs all its masters and etcd members. Nothing was changed.',
    cause: lost[0]?.failed,
  });
}
