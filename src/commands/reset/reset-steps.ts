import type { Host } from '../../inventory/types.ts';
import { overlaps, parseCidr } from '../../kernel/cidr.ts';
import { paths, unitIn } from '../../kernel/host-paths.ts';
import { quote } from '../../kernel/quote.ts';
import { settingAside } from '../../phases/etcd/set-aside.ts';
import type { World } from '../../phases/phase.ts';
import { etcdData, kubeletRoot } from '../../phases/shared/data-folders.ts';
import { isNode } from '../../phases/shared/topology.ts';
import { ofKind } from '../../resources/before.ts';
import { manifestOf } from '../../resources/manifest.ts';
import { closingCalls } from '../../resources/network/firewall.ts';
import { FLANNEL_LINK } from '../../resources/network/flannel.ts';
import type { Step } from '../../resources/step.ts';
import type { ProcedureStep } from '../../run/procedure.ts';
import { type ResetWish, beforeIn, concerned, keysOf, packagesOf, resettable } from './concerned.ts';
import { LEFT, forget, withoutEdits, withoutFiles, withoutTraces } from './scripts/files.ts';
import { deletingData, keptData } from './reset-data.ts';
import { refuseMembers } from './refuse-members.ts';
import { withoutNetwork } from './scripts/network.ts';
import { endPods, withoutVolumes } from './scripts/pods.ts';
import {
  formerSettings,
  formerUnits,
  withoutAccounts,
  withoutFirewallRules,
  withoutPackages,
} from './scripts/settings.ts';

/**
 * What is left to do until hosts are as they were before the first run, by what is written on them. All steps may be done
 * again, so a run that was cut short is finished by the next; what tells it is taken away last. Pure.
 * @throws E_RESET_MEMBER for a host that the cluster of the others still counts on
 */
export function resetSteps(world: World, wish: ResetWish): ProcedureStep[] {
  const hosts = resettable(world, wish);
  refuseMembers(world, wish.hosts);
  const names = hosts.map(({ name }) => name);
  const nodes = hosts.filter(isNode).map(({ name }) => name);
  const step = (
    id: string,
    title: string,
    at: readonly string[],
    does: (host: Host, title: string) => Step,
    destroys?: string,
  ): ProcedureStep[] =>
    at.length === 0
      ? []
      : [
          {
            id,
            title,
            hosts: at,
            ...(destroys !== undefined && { destroys }),
            does: {
              kind: 'steps',
              steps: (name) =>
                world.inventory.hosts.filter((one) => one.name === name).map((host) => does(host, title)),
            },
          },
        ];
  const withPackages = concerned(world, wish)
    .map(({ name }) => name)
    .filter((name) => packagesOf(world, name).length > 0);
  const withData = hosts
    .filter((host) => keptData(world, host, wish.stamp).length > 0)
    .map(({ name }) => name);
  return [
    ...step(
      'reset-stop',
      'stop the components and timers of the cluster, also at boot',
      names,
      ({ name }, title) => script(title, stopping(ownUnits(world, name)), 600),
      'the cluster ends on these hosts, and all that runs in its pods',
    ),
    ...step(
      'reset-pods',
      'end the pods, unmount their volumes',
      nodes,
      (_host, title) =>
        script(
          title,
          `${endPods}\n${withoutVolumes([...new Set([kubeletRoot(world.inventory), paths.kubelet])])}`,
          300,
        ),
      'what pods keep on the node itself (emptyDir) is gone',
    ),
    ...step('reset-network', 'take away links, routes and rules of pods and Services', nodes, (host, title) =>
      script(
        title,
        withoutNetwork({
          links: linksOf(world),
          routes: flannelRoutes(world, host),
          nodePorts: world.inventory.network.nodePortRange,
        }),
      ),
    ),
    ...(wish.deleteData
      ? step(
          'reset-data',
          'delete the data of etcd, its snapshots, and what is exported',
          withData,
          (host, title) => script(title, deletingData(world, host), 3600),
          'all objects of the cluster and all files on its shared folders are gone for ever',
        )
      : hosts
          .filter(({ roles }) => roles.includes('etcd'))
          .map((host): ProcedureStep => ({
            id: 'reset-aside',
            title: 'set aside what it has of the store',
            hosts: [host.name],
            does: { kind: 'steps', steps: () => [settingAside(world, host, wish.stamp)] },
          }))),
    ...step(
      'reset-files',
      'take away the files that were written, put originals back',
      names,
      ({ name }, title) => {
        const before = beforeIn(world, name);
        const edited = ofKind(before, 'edited').map(({ key, value }) => ({ path: key, sum: value }));
        const observed = world.seen(name);
        const rules = observed ? closingCalls(observed) : [];
        const all = [withoutFirewallRules(rules), withoutFiles, withoutEdits(edited)].join('\n');
        return script(title, all, 600);
      },
      'keys, certificates and kubeconfigs on these hosts are gone',
    ),
    ...step(
      'reset-settings',
      'units, kernel parameters, swap and accounts as they were',
      names,
      (host, title) => {
        const before = beforeIn(world, host.name);
        const made = keysOf(before, 'made').toSorted().toReversed();
        const all = [
          formerUnits(before, new Set(ownUnits(world, host.name))),
          formerSettings(before),
          withoutAccounts(before, [etcdData(world.inventory), ...keptData(world, host, wish.stamp)]),
          withoutTraces(made),
        ].join('\n');
        return script(title, all, 300);
      },
    ),
    ...(wish.packages
      ? step(
          'reset-packages',
          'remove the packages that were installed',
          withPackages,
          ({ name }, title) =>
            script(title, withoutPackages(world.facts(name).packageManager, packagesOf(world, name)), 600),
          'programs of these packages are gone, with what nothing else needs',
        )
      : []),
  ];
}

/** @param seconds what it may take beyond the time of any command */
const script = (title: string, text: string, seconds = 120): Step => ({
  op: 'run',
  title,
  script: text,
  seconds,
});

/** After what is left was read: nothing tells of this program any more. */
export const forgetting = (world: World, hosts: readonly string[]): ProcedureStep => {
  const title = 'forget that a cluster was there';
  const steps = (host: string): Step[] => [
    script(title, forget(world.facts(host).packageManager, packagesOf(world, host))),
  ];
  return { id: 'reset-forget', title, hosts, does: { kind: 'steps', steps } };
};

/** What the steps before could not take away. */
export const readLeft = `S=${paths.state}\n[ ! -f ${LEFT} ] || cat -- ${LEFT}`;

/** Units whose file is ours. */
function ownUnits(world: World, host: string): string[] {
  const observed = world.seen(host);
  if (!observed) return [];
  return [...manifestOf(observed).keys()].flatMap((path) => unitIn(path) ?? []);
}

const stopping = (units: readonly string[]): string =>
  units.length === 0
    ? ':'
    : ['-q disable', 'stop', 'reset-failed']
        .map(
          (verb) =>
            `systemctl ${verb} -- ${units.map(quote).join(' ')}${verb === 'stop' ? '' : ' 2>/dev/null || :'}`,
        )
        .join('\n');

const linksOf = ({ inventory: { network } }: World): string[] => [
  ...(network.cni === 'none' ? [] : ['cni0']),
  ...(network.cni === 'flannel' ? [FLANNEL_LINK] : []),
  'kube-ipvs0',
];

/** Between neighbours flannel sets routes without a mark: those to pods, by way of another node. */
function flannelRoutes(world: World, host: Host): { to: string; via: string }[] {
  const { inventory } = world;
  const { cni, podCIDR } = inventory.network;
  if (cni !== 'flannel') return [];
  const nodes = new Set(inventory.hosts.map(({ ip }) => ip));
  const pods = parseCidr(podCIDR);
  return world
    .facts(host.name)
    .routes.flatMap(({ to, via }) =>
      via !== undefined &&
      nodes.has(via) &&
      /\/(?:[89]|[12]\d|3[0-2])$/.test(to) &&
      overlaps(parseCidr(to), pods)
        ? [{ to, via }]
        : [],
    );
}
