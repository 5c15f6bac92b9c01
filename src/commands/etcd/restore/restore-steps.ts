import { BootstrapError } from '../../../kernel/errors.ts';
import type { Host } from '../../../inventory/types.ts';
import { paths } from '../../../kernel/host-paths.ts';
import { strayMembers } from '../../../phases/etcd/members.ts';
import { preparing, swapping } from '../../../phases/etcd/restoring.ts';
import type { World } from '../../../phases/phase.ts';
import { provisionerGates } from '../../../phases/nfs/provisioner-gate.ts';
import { markRestored, nextRestored } from '../../../phases/shared/restored.ts';
import { nodes, withRole } from '../../../phases/shared/topology.ts';
import { hostNamed } from '../../../inventory/lookup.ts';
import { fileId } from '../../../resources/file.ts';
import { FLANNELD } from '../../../resources/network/flannel.ts';
import { serviceId } from '../../../resources/service.ts';
import type { Content, Step } from '../../../resources/step.ts';
import { GROUND, bareOf, isLaid, laying, layingEtcd, starting } from '../laying.ts';
import { type ProcedureStep, running } from '../../../run/procedure.ts';

export interface Restoration {
  readonly snapshot: Content;
  /** Marks what is set aside, and the cluster of members that begins with it. */
  readonly stamp: string;
}

/** Units of the control plane by the phases that start them. */
const CONTROL_PLANE = {
  apiserver: 'kube-apiserver.service',
  'controller-manager': 'kube-controller-manager.service',
  scheduler: 'kube-scheduler.service',
} as const;
/** What on nodes watches the API, by its phase. */
const WATCHING = {
  kubelet: 'kubelet.service',
  'kube-proxy': 'kube-proxy.service',
  flannel: FLANNELD,
} as const;
/** Phases of what we run in pods ourselves. */
const IN_PODS = ['dns', 'nfs-storage'] as const;

/** Phases that a restore looks at. */
export const RESTORED: readonly string[] = [
  ...GROUND,
  'etcd',
  ...Object.keys(CONTROL_PLANE),
  'users',
  ...Object.keys(WATCHING),
  ...IN_PODS,
  'verify',
];

/** Masters and members that were installed anew. */
const bareHosts = (world: World): string[] => [
  ...new Set([
    ...bareOf(world, namesOf(withRole(world, 'etcd'))),
    ...bareOf(world, namesOf(withRole(world, 'master')), CONTROL_PLANE.apiserver),
  ]),
];

/** The same, and nodes without a kubelet: what is neither etcd's nor the control plane's comes back by `up`. */
export const unfinishedHosts = (world: World): string[] => [
  ...new Set([
    ...bareHosts(world),
    ...bareOf(world, namesOf(nodes(world)), WATCHING.kubelet).filter((name) => world.seen(name)),
  ]),
];

const namesOf = (hosts: readonly Host[]): string[] => hosts.map(({ name }) => name);

/**
 * The same steps whatever was done of them before: a run that was cut short is begun anew, and puts aside once more
 * what it finds. Members of before and after do not speak to each other, as the token is another. Pure.
 * @throws E_UNREACHABLE, E_ETCD_STRAYS
 */
export function restoreSteps(world: World, { snapshot, stamp }: Restoration): ProcedureStep[] {
  const members = namesOf(withRole(world, 'etcd'));
  const masters = namesOf(withRole(world, 'master'));
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
  const bare = bareHosts(world);
  const watching = namesOf(nodes(world)).filter((name) => isLaid(world, name, WATCHING.kubelet));
  const units = watchingUnits(world, watching);
  const onMembers = (steps: (name: string) => readonly Step[]): ProcedureStep['does'] => ({
    kind: 'steps',
    steps,
  });
  const steps: readonly ProcedureStep[] = [
    ...laying(world, bare),
    ...layingEtcd(world, members),
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
      does: running('stop the control plane', stopping(Object.values(CONTROL_PLANE))),
    },
    {
      id: 'etcd-stop',
      title: 'stop etcd',
      hosts: members,
      does: running('stop etcd', stopping(['etcd.service'])),
    },
    {
      id: 'etcd-swap',
      title: 'set their data aside, and put that from the snapshot in its place',
      hosts: members,
      destroys: 'what was changed in the cluster since the snapshot is gone',
      // The mark first: with the new data on any host, all that watches has to look at everything anew.
      does: onMembers((name) => [
        markRestored(nextRestored(world, stamp)),
        ...swapping(world, hostNamed(world.inventory, name), stamp),
      ]),
    },
    {
      id: 'etcd-start',
      title: 'start etcd, and wait for its quorum',
      hosts: members,
      does: starting(world, 'etcd', 'etcd.service'),
    },
    {
      id: 'restored-mark',
      title: 'let all hosts know of it: from here on, "up" finishes what is cut short',
      hosts: namesOf(world.inventory.hosts).filter((name) => world.seen(name)),
      does: { kind: 'stage', stage: 'base', only: () => [fileId(paths.restored)], waits: false },
    },
    ...Object.entries(CONTROL_PLANE).map(([stage, unit]): ProcedureStep => ({
      id: `${stage}-start`,
      title: `start ${stage}`,
      hosts: masters,
      does: starting(world, stage, unit),
    })),
    ...rightsAnew(world, masters),
    // Their watches wait for revisions that come only after those that are gone: they would see nothing until then.
    ...units.map(({ stage, unit, hosts }): ProcedureStep => ({
      id: `${stage}-restart`,
      title: `restart ${unit} on nodes, which looks at everything anew; pods run on`,
      hosts,
      does: { kind: 'stage', stage, only: () => [serviceId(unit)], waits: false },
    })),
    ...(unfinishedHosts(world).length === 0 ? inPods(world, masters) : []),
    ...units.map(({ stage, unit, hosts }) => waiting(stage, `${unit} is well on nodes`, hosts)),
    waiting('verify', 'nodes are ready', watching),
  ];
  return steps.filter(({ hosts }) => hosts.length > 0);
}

/** What on nodes is restarted, and where. */
const watchingUnits = (
  world: World,
  names: readonly string[],
): { readonly stage: string; readonly unit: string; readonly hosts: readonly string[] }[] =>
  Object.entries(WATCHING)
    .filter(([stage]) => stage !== 'flannel' || world.inventory.network.cni === 'flannel')
    .map(([stage, unit]) => ({ stage, unit, hosts: names.filter((name) => isLaid(world, name, unit)) }));

/** By what the cluster is by then: in the snapshot a node may have had another range. A node that is ill was so before. */
const waiting = (stage: string, until: string, hosts: readonly string[]): ProcedureStep => ({
  id: `${stage}-well`,
  title: `wait until ${until}`,
  hosts,
  does: { kind: 'stage', stage, only: () => [] },
  lenient: true,
});

/** The snapshot has the rights of its day: who was revoked since has them again until they are compared. */
const rightsAnew = ({ users }: World, masters: readonly string[]): ProcedureStep[] =>
  users.users().length + users.revoked().length === 0
    ? []
    : [
        {
          id: 'users-rights',
          title: 'give users the rights that they have today, and take back those of the snapshot',
          hosts: masters,
          does: { kind: 'stage', stage: 'users' },
        },
      ];

/** They come last: their pods need nodes that look at the API again. */
const inPods = ({ inventory }: World, masters: readonly string[]): ProcedureStep[] =>
  IN_PODS.filter((stage) =>
    stage === 'dns' ? inventory.dns.provider === 'coredns' : inventory.nfs?.provisioner !== undefined,
  ).map((stage): ProcedureStep => ({
    id: `${stage}-anew`,
    title: `make the pods of ${stage === 'dns' ? 'CoreDNS' : 'the NFS provisioner'} anew, as the inventory wants them`,
    hosts: masters,
    does: { kind: 'stage', stage },
    ...(stage === 'nfs-storage' && { gates: (at: string) => provisionerGates(inventory, at) }),
  }));

/** What is not installed is stopped. An API server without etcd does not end by itself, and has nothing to lose. */
function stopping(units: readonly string[]): string {
  return `set -- ${units.join(' ')}
for unit; do
  [ "$(systemctl show -p LoadState "$unit")" != LoadState=not-found ] || continue
  timeout ${STOP_SECONDS} systemctl stop "$unit" || systemctl kill -s KILL "$unit"
done`;
}

/** etcd writes all it has been told before it answers: it loses nothing either. */
const STOP_SECONDS = 15;
