import type { Host, Inventory, RuntimeName } from '../../inventory/types.ts';
import { sh } from '../../kernel/quote.ts';
import type { Gate } from '../../plan/stage.ts';
import { paths } from '../../kernel/host-paths.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import type { Watch } from '../../probe/observe.ts';
import { revisionFile } from '../../probe/probers/units.ts';
import type { Resource } from '../../resources/resource.ts';
import { service } from '../../resources/service.ts';
import { factsWatches } from '../../facts/facts.ts';
import { kubeletRoot } from '../shared/data-folders.ts';
import { nodes } from '../shared/topology.ts';
import type { Phase, World } from '../phase.ts';
import {
  containerdConfig,
  dockerConfig,
  dockerLogins,
  hasCredentials,
  hasLogins,
  proxyFile,
  runtimeDropIn,
} from './runtime-config.ts';
import { systemOf } from '../../release/systems.ts';

/** Configures and starts docker or containerd; its package comes with phase `packages`. */
export const runtimePhase: Phase = {
  id: 'runtime',
  title: 'Container runtime',
  batch: 'rolling',
  mustStand: () => 1,
  hosts: nodes,
  watch: factsWatches,
  resources(world, host): Resource[] {
    const { inventory } = world;
    const unit = runtimeUnit(world, host);
    const { path, content, secret } = configOf(world, host);
    const folder = `${paths.unitFolder}/${unit}.d`;
    const dropIn = `${folder}/10-k8s-bootstrap.conf`;
    const proxy = inventory.proxy && `${folder}/proxy.env`;
    const inputs = [path, dropIn, ...(proxy === undefined ? [] : [proxy])];
    return [
      onceInstalled(file({ path, content, secret }), runtimePackage(world, host)),
      ...(inventory.runtime.dataDir === undefined
        ? []
        : [directory({ path: inventory.runtime.dataDir, mode: '0711', mayBeLink: true })]),
      ...logins(world, host),
      directory({ path: folder }),
      ...(proxy === undefined
        ? []
        : [file({ path: proxy, content: proxyFile(inventory), secret: hasCredentials(inventory.proxy) })]),
      file({ path: dropIn, content: runtimeDropIn(unit, revisionFile(unit), proxy) }),
      service({ unit, restartOn: inputs.map(fileId), inputs }),
    ];
  },
  gates: (world, host) => [runs(host.name, runtimeUnit(world, host))],
};

/** `auto` is docker on CentOS 7, which has it in its own repositories, and containerd elsewhere. */
export function runtimeOf(world: World, host: Host): RuntimeName {
  const wanted = host.runtime === 'auto' ? world.inventory.runtime.default : host.runtime;
  return wanted === 'auto' ? systemOf(world.facts(host.name)).runtime : wanted;
}

/** `docker.service` or `containerd.service`: what kubelet starts after. */
export const runtimeUnit = (world: World, host: Host): `${RuntimeName}.service` =>
  `${runtimeOf(world, host)}.service`;

/** For kubelet's `--container-runtime-endpoint`; `undefined` with docker, which kubelet 1.16 speaks to by itself. */
export const containerEndpoint = (world: World, host: Host): string | undefined =>
  runtimeOf(world, host) === 'containerd' ? `unix://${paths.containerdSocket}` : undefined;

/**
 * kubelet must have the runtime's, or it ends at once. Ours is cgroupfs, except where the package of docker sets
 * another on the command line, as that of Red Hat does.
 */
export function cgroupDriver(world: World, host: Host): 'cgroupfs' | 'systemd' {
  const option =
    runtimeOf(world, host) === 'docker' ? world.facts(host.name).dockerOptions.get('exec-opt') : undefined;
  return option === 'native.cgroupdriver=systemd' ? 'systemd' : 'cgroupfs';
}

/** Package names that bring the runtime of a host: one that is installed already, else the system's own. */
export function runtimePackage(world: World, host: Host): string {
  const installed = alternatives(world, host).find(
    (name) => (world.seen(host.name)?.package(name) ?? 'absent') !== 'absent',
  );
  return installed ?? systemOf(world.facts(host.name))[runtimeOf(world, host)];
}

/** Asks for every package that could be a host's runtime. */
export const runtimePackageWatches = (world: World, host: Host): Watch[] =>
  alternatives(world, host).map((key) => ({ kind: 'package', key }));

function alternatives(world: World, host: Host): readonly string[] {
  const { family } = systemOf(world.facts(host.name));
  return world.release.packages(runtimeOf(world, host), family === 'debian' ? 'debian' : 'rhel').names;
}

/** Where kubelet 1.16 looks first. */
const loginsFile = (inventory: Inventory): string => `${kubeletRoot(inventory)}/config.json`;

/** Whether a file with logins is in kubelet's folder, which this phase then makes: one phase has a path. */
export const keepsLogins = (world: World, host: Host): boolean =>
  runtimeOf(world, host) === 'docker' && hasLogins(world.inventory);

/** docker has no file of its own for them: who pulls tells it. */
function logins(world: World, host: Host): Resource[] {
  if (!keepsLogins(world, host)) return [];
  return [
    directory({ path: kubeletRoot(world.inventory), mayBeLink: true }),
    file({ path: loginsFile(world.inventory), content: dockerLogins(world.inventory), secret: true }),
  ];
}

function configOf(world: World, host: Host): { path: string; content: string; secret: boolean } {
  if (runtimeOf(world, host) === 'containerd') {
    return {
      path: paths.containerdConfig,
      content: containerdConfig(world.inventory),
      secret: hasLogins(world.inventory),
    };
  }
  const { dockerOptions } = world.facts(host.name);
  return { path: paths.dockerConfig, content: dockerConfig(world.inventory, dockerOptions), secret: false };
}

/** What stands on docker's command line is known when docker is there. */
const onceInstalled = (resource: Resource, name: string): Resource => ({
  ...resource,
  watches: [...resource.watches, ...factsWatches(), { kind: 'package', key: name }],
  diff: (seen, upstream) =>
    (seen.package(name) ?? 'absent') === 'absent'
      ? { kind: 'unknown', summary: 'depends on how it is packaged', waitsFor: `package ${name}` }
      : resource.diff(seen, upstream),
});

const runs = (host: string, unit: string): Gate => ({
  title: `${unit} runs`,
  at: host,
  watches: [{ kind: 'unit', key: unit, inputs: [] }],
  judge: (seen) => {
    const state = seen.unit(unit)?.active ?? 'not found';
    return state === 'active' ? undefined : `${unit} is ${state}`;
  },
  condition: sh`systemctl is-active ${unit}`,
  timeoutSeconds: 60,
  units: [unit],
});
