import { BootstrapError } from '../../../kernel/errors.ts';
import { quote } from '../../../kernel/quote.ts';
import { strayMembers } from '../../../phases/etcd/members.ts';
import { preparing, swapping } from '../../../phases/etcd/restoring.ts';
import type { World } from '../../../phases/phase.ts';
import { nodes, withRole } from '../../../phases/shared/topology.ts';
import { hostNamed } from '../../../inventory/lookup.ts';
import type { Content, Step } from '../../../resources/step.ts';
import { type ProcedureStep, running } from '../../../run/procedure.ts';

export interface Restoration {
  readonly snapshot: Content;
  /** Marks what is set aside, and the cluster of members that begins with it. */
  readonly stamp: string;
}

const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
/** Phases that start what was stopped. */
const STARTS = ['apiserver', 'controller-manager', 'scheduler'] as const;

/**
 * The same steps whatever was done of them before: a run that was cut short is begun anew, and puts aside once more
 * what it finds. Members of before and after do not speak to each other, as the token is another. Pure.
 * @throws E_UNREACHABLE, E_ETCD_STRAYS
 */
export function restoreSteps(world: World, { snapshot, stamp }: Restoration): ProcedureStep[] {
  const members = withRole(world, 'etcd').map(({ name }) => name);
  const masters = withRole(world, 'master').map(({ name }) => name);
  const lost = [...new Set([...members, ...masters])].filter((name) => !world.seen(name));
  if (lost.length > 0) {
    throw new BootstrapError('E_UNREACHABLE', `${lost.join(', ')} cannot be reached`, {
      hint: 'All masters and members of etcd go back together, or some would go on with what the others have left. Nothing was changed.',
    });
  }
  const strays = strayMembers(world);
  if (strays.length > 0) {
    const names = strays.map(({ name, peerUrl }) => `${name || 'one that has not started'} (${peerUrl})`);
    throw new BootstrapError(
      'E_ETCD_STRAYS',
      `the inventory does not name ${names.join(', ')}, which etcd counts among its members`,
      {
        hint: 'Nothing was changed. They would go on beside the cluster that comes back, with the same certificates: put them into the inventory, or take each out first (k8s-bootstrap node remove NAME).',
      },
    );
  }
  const token = `${world.inventory.name}-${stamp}`;
  const others = nodes(world).flatMap(({ name }) => (world.seen(name) ? [name] : []));
  const ofNodes = [
    'kubelet',
    'kube-proxy',
    ...(world.inventory.network.cni === 'flannel' ? ['flanneld'] : []),
  ].map((name) => `${name}.service`);
  const onMembers = (steps: (name: string) => readonly Step[]): ProcedureStep['does'] => ({
    kind: 'steps',
    steps,
  });
  return [
    {
      id: 'etcd-prepare',
      title: 'bring the snapshot to the members, and make their data from it, beside what is in use',
      hosts: members,
      does: onMembers((name) => [preparing(world, hostNamed(world.inventory, name), snapshot, token)]),
    },
    {
      id: 'control-plane-stop',
      title: 'stop the control plane',
      hosts: masters,
      destroys: 'nobody can ask or change anything in the cluster until the end; pods run on',
      does: running('stop the control plane', stopping(CONTROL_PLANE)),
    },
    {
      id: 'etcd-stop',
      title: 'stop etcd',
      hosts: members,
      does: running('stop etcd', stopping(['etcd'])),
    },
    {
      id: 'etcd-swap',
      title: 'set their data aside, and put that from the snapshot in its place',
      hosts: members,
      destroys: 'what was changed in the cluster since the snapshot is gone',
      does: onMembers((name) => swapping(world, hostNamed(world.inventory, name), stamp)),
    },
    {
      id: 'etcd-start',
      title: 'start etcd, and wait for its quorum',
      hosts: members,
      does: { kind: 'stage', stage: 'etcd' },
    },
    ...STARTS.map((stage): ProcedureStep => ({
      id: `${stage}-start`,
      title: `start ${stage}`,
      hosts: masters,
      does: { kind: 'stage', stage },
    })),
    {
      // Their watches wait for revisions that come only after those that are gone: they would see nothing until then.
      id: 'nodes-restart',
      title: 'restart what runs on nodes, which looks at everything anew; pods run on',
      hosts: others,
      does: running(`restart ${ofNodes.join(', ')}`, `systemctl try-restart ${ofNodes.map(quote).join(' ')}`),
    },
  ];
}

/** What is not installed is stopped. An API server without etcd does not end by itself, and has nothing to lose. */
function stopping(units: readonly string[]): string {
  const names = units.map((unit) => `${unit}.service`);
  return `set -- ${names.join(' ')}
for unit; do
  [ "$(systemctl show -p LoadState "$unit")" != LoadState=not-found ] || continue
  timeout ${STOP_SECONDS} systemctl stop "$unit" || systemctl kill -s KILL "$unit"
done`;
}

/** etcd writes all it has been told before it answers: it loses nothing either. */
const STOP_SECONDS = 15;
