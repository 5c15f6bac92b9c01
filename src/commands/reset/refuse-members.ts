import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { membersOf, peerUrl } from '../../phases/etcd/members.ts';
import type { World } from '../../phases/phase.ts';
import { exportsOf } from '../../phases/nfs/server.ts';
import { nodesAmong } from '../../resources/cluster/kube-api.ts';

/**
 * A member that is taken away by force costs the others a vote for ever, and an export their data. Where nobody can tell
 * who is a member, whoever may be one is.
 */
export function refuseMembers(world: World, hosts: ReadonlySet<string>): void {
  const { inventory } = world;
  const masters = inventory.hosts.filter(({ name, roles }) => !hosts.has(name) && roles.includes('master'));
  const nodes = nodesAmong(masters.map(({ name }) => world.seen(name)));
  const members = new Set(membersOf(world).map((member) => member.peerUrl));
  const others = inventory.hosts.some(({ name, roles }) => !hosts.has(name) && roles.includes('etcd'));
  const isWhole = inventory.hosts.every(({ name }) => hosts.has(name));
  for (const host of inventory.hosts.filter(({ name }) => hosts.has(name))) {
    const leaves = `node remove ${host.name}`;
    const ties = [
      { holds: others && members.has(peerUrl(host)), as: 'a member of etcd', command: leaves },
      {
        holds: others && members.size === 0 && host.roles.includes('etcd'),
        as: 'maybe a member of etcd, which nobody tells,',
        command: leaves,
      },
      { holds: !isWhole && exportsOf(world, host).length > 0, as: 'the NFS server', command: 'nfs remove' },
      { holds: nodes?.has(host.name) === true, as: 'a node', command: leaves },
    ];
    const tie = ties.find(({ holds }) => holds);
    if (!tie) continue;
    throw new BootstrapError(
      'E_RESET_MEMBER',
      `${host.name} is still ${tie.as} of the cluster of the others`,
      {
        hint: `Nothing was changed. "k8s-bootstrap ${tie.command}" takes it out first; a reset of all hosts needs no --limit.`,
        exitCode: ExitCode.usage,
        where: { host: host.name },
      },
    );
  }
}
