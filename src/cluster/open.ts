import { readFile } from 'node:fs/promises';
import { homedir, machine } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import { hostNamed } from '../inventory/lookup.ts';
import type { Host, Inventory } from '../inventory/types.ts';
import { atOnce, inTurns } from '../kernel/breather.ts';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { phases } from '../phases/index.ts';
import type { Phase, World } from '../phases/phase.ts';
import { admin, adminKubeconfig, adminSpec } from '../phases/trust/authorities.ts';
import { apiEndpoint, apiHost } from '../phases/shared/topology.ts';
import { isUndecided } from '../phases/control-plane/outdated-users.ts';
import { forgottenUsers, revocableUsers } from '../phases/control-plane/users.ts';
import { type OpenState, type StateOptions, openState } from './open-state.ts';
import { readGivenClient } from '../pki/given-client.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import type { Desire, Stage } from '../plan/stage.ts';
import { artifactView } from './artifact-view.ts';
import { installKubectl, isExecutable, kubectlFile } from './controller-kubectl.ts';
import { imaginedWatches } from './first-look.ts';
import { type Renewal, renewalStages } from './renewal.ts';
import { type Environment } from './read-inventory.ts';
import {
  type Selection,
  bind,
  clusterWatches,
  limited,
  selectPhases,
  whoTakesPart,
  worldOf,
} from './stages.ts';
import { type ArtifactStore, openArtifactStore } from '../release/artifact-store.ts';
import { checkCacheFolder } from '../state/folder.ts';
import type { ProxyEnvironment } from '../release/http.ts';
import { preloadedImages } from '../release/image-archive.ts';
import { archOf, loadRelease } from '../release/release.ts';
import type { Observed, Watch } from '../probe/observe.ts';
import type { Emit } from '../run/events.ts';
import type { UserStore } from '../users/user-store.ts';
import { refuseTokensInCis } from '../users/tokens.ts';

/** An inventory with everything that belongs to it: release, keys, artifacts, the state folder. */
export interface Cluster {
  readonly inventory: Inventory;
  readonly stateFolder: string;
  readonly kubeconfigFile: string;
  readonly pki: PkiStore;
  readonly users: UserStore;
  readonly artifacts: ArtifactStore;
  /** Titles of the phases that are left out of this run, as there is no cluster yet. */
  later(seen: ReadonlyMap<string, Observed>): readonly string[];
  readonly desire: Desire;
  /** The same of all hosts, also of those that this run leaves as they are. */
  readonly whole: Desire;
  /** What to look at on a host before anything is known of it. */
  readonly watches: (host: string) => readonly Watch[];
  /** Finds out what `watches` tells, with turns for others between: of thousands of hosts it takes a while. */
  readonly lookAhead: () => Promise<void>;
  /** Whether all phases take part. */
  readonly complete: boolean;
  world(seen: ReadonlyMap<string, Observed>): World;
  /** Whether an API server could tell what was decided of people: as it was at the first look, for the whole run. */
  begin(seen: ReadonlyMap<string, Observed>): void;
  /** Whether one can now, and could not at the first look: then there may be more to do. */
  reconsider(seen: ReadonlyMap<string, Observed>): boolean;
  /** Users who can still get in although nothing names them any more. */
  forgotten(seen: ReadonlyMap<string, Observed>): readonly string[];
  /** Those of them whom a run that prunes revokes here, too: none when users are no part of it. */
  revocable(seen: ReadonlyMap<string, Observed>): readonly string[];
  /** Seals the private keys on this machine with a passphrase, or opens them for good. */
  readonly seal: (wanted: boolean) => Promise<void>;
  /** Makes what lives on the controller: keys, the administrator's certificate, the kubeconfig. Opens sealed keys. */
  readonly prepare: () => Promise<void>;
  /** Has the administrator's kubeconfig on this machine name a master that answered, where no endpoint is given. */
  readonly pointKubeconfig: (seen: ReadonlyMap<string, Observed>) => Promise<void>;
  /** Puts kubectl on this machine when the inventory wants it and it is not there. */
  readonly ensureKubectl: () => Promise<void>;
}

export interface ClusterOptions extends Selection, StateOptions {
  readonly emit: Emit;
  /** Take away what an earlier run wrote and nothing wants any more. */
  readonly prune?: boolean;
  /** Hosts that something may be changed on; all by default. */
  readonly limit?: readonly string[];
  /** Make these certificates anew, and do nothing else. */
  readonly renewal?: Renewal;
  /** Further questions to a host, in the same exec as all others. */
  readonly asks?: (inventory: Inventory, host: Host) => readonly Watch[];
}

/**
 * Everything about a cluster that is on this machine; makes nothing and asks no host.
 * @param state what was read of it before
 */
export async function openCluster(options: ClusterOptions, state?: OpenState): Promise<Cluster> {
  const { inventory, stateFolder, pki, users, guard } = state ?? (await openState(options));
  const release = loadRelease(inventory.kubernetes.version);
  refuseTokensInCis(inventory.profile, users.users());
  const lockFile = join(dirname(inventory.file), 'k8s-bootstrap.lock.yaml');
  const cacheFolder = inventory.artifacts.cache ?? join(dirname(inventory.file), '.k8s-bootstrap', 'cache');
  await checkCacheFolder(cacheFolder);
  const artifacts = openArtifactStore({
    cacheFolder,
    keyFolder: ownFolder(options.env),
    mirrors: inventory.artifacts.mirrors,
    onlyMirrors: inventory.artifacts.onlyMirrors,
    checksumsFile: inventory.artifacts.checksums,
    lockFile,
    proxyEnv: proxyOf(options.env),
    onProgress: ({ artifact, bytes, total }) => {
      options.emit({
        type: 'download',
        artifact: `${artifact.name} ${artifact.version}`,
        bytes,
        total: total ?? 0,
      });
    },
    onTrust: ({ artifact: { name, version }, sha256, from }) => {
      const message = `no checksum was known of ${name} ${version}: trusted is SHA-256 ${sha256}, as it came from ${from}; written to ${lockFile}, and every later download must match it`;
      options.emit({ type: 'note', level: 'info', message });
    },
  });
  const { outside } = inventory.etcd;
  const etcdClient = outside && (await readGivenClient(outside, new Date()));
  if (etcdClient) options.secrets.add(etcdClient.key);
  const preloaded = await preloadedImages(inventory.images.preload);
  const view = artifactView(artifacts, inventory.artifacts);
  const selected = selectPhases(options);
  const { prune = false, renewal, asks } = options;
  const known = {
    inventory,
    release,
    pki,
    etcdClient,
    preloaded,
    users,
    artifacts: view,
    prune,
    renewal,
  };
  // Of the moment: in a run of many minutes, certificates of its first ones are not from the future.
  const anew = (seen: ReadonlyMap<string, Observed>): World => worldOf({ ...known, now: new Date() }, seen);
  let undecided: boolean | undefined;
  const world = (seen: ReadonlyMap<string, Observed>): World => {
    const here = anew(seen);
    return { ...here, undecided: undecided ?? isUndecided(here) };
  };
  const stages = (here: World, taking = selected): readonly Stage[] =>
    renewal ? renewalStages(bind(taking, here), renewal) : bind(taking, here);
  // Decided by the first look of all, for the whole run: one that came or went in the middle of it would be planned and
  // not run, or the other way round.
  let decided: readonly Phase[] | undefined;
  const takingPart = (here: World): readonly Phase[] => decided ?? whoTakesPart(selected, options, here);
  const imagining = (): ReturnType<typeof imaginedWatches> =>
    imaginedWatches(selected, inventory, world, stages);
  let imagine: ((name: string) => readonly Watch[]) | undefined;
  const watches = (name: string): readonly Watch[] => {
    const host = hostNamed(inventory, name);
    imagine ??= atOnce(imagining());
    const more = [...clusterWatches(options, host), ...(asks?.(inventory, host) ?? [])];
    return more.length === 0 ? imagine(name) : [...imagine(name), ...more];
  };
  const kubeconfigFile = join(stateFolder, 'kubeconfig', 'admin.conf');
  // kubectl cannot open what is sealed: then "users kubeconfig" writes it, where it is asked to.
  const keepTexts = async (): Promise<void> => {
    const here = world(new Map());
    const text = adminText(here);
    if (pki.isSealed()) {
      await removeFile(kubeconfigFile);
      for (const stage of stages(here)) for (const host of stage.hosts) stage.resources(host);
      await pki.remember();
    } else if (typeof text === 'string') await writeAtomic(kubeconfigFile, text, 0o600);
  };
  const keepKubectl = async (): Promise<void> => {
    if (!inventory.kubernetes.controllerKubectl) return;
    const artifact = release.artifact('kubectl', archOf(machine()), inventory.kubernetes.kubectl);
    await installKubectl(stateFolder, () => artifacts.fetch(artifact));
  };
  return {
    inventory,
    stateFolder,
    kubeconfigFile,
    pki,
    users,
    artifacts,
    world,
    forgotten: (seen) => forgottenUsers(world(seen)),
    revocable: (seen) => (selected.some(({ id }) => id === 'users') ? revocableUsers(world(seen)) : []),
    begin: (seen) => {
      undecided ??= isUndecided(anew(seen));
      decided ??= whoTakesPart(selected, options, anew(seen));
    },
    reconsider: (seen) => {
      if (undecided !== true || isUndecided(anew(seen))) return false;
      undecided = false;
      return true;
    },
    later: (seen) => {
      const taking = takingPart(world(seen));
      return selected.filter((phase) => !taking.includes(phase)).map(({ title }) => title);
    },
    desire: (seen) => {
      const here = world(seen);
      return limited(stages(here, takingPart(here)), options.limit);
    },
    whole: (seen) => {
      const here = world(seen);
      return stages(here, takingPart(here));
    },
    complete: selected.length === phases.length && !renewal,
    watches,
    lookAhead: async () => {
      imagine ??= await inTurns(imagining());
    },
    seal: async (wanted) => {
      await pki.setSealed(wanted);
      if (pki.exists()) await keepTexts();
    },
    prepare: async () => {
      await view.settle();
      await pki.ensure();
      guard();
      const here = world(new Map());
      if (!admin(here) && (renewal?.names.has('admin') ?? true)) await pki.issueAdmin(adminSpec(here));
      guard();
      await keepTexts();
      if (renewal) return;
      if (selected.some(({ id }) => id === 'users' || id === 'apiserver')) {
        for (const { name, at } of users.readmitted()) {
          const message = `${name} was revoked on ${at.slice(0, 10)}, is declared again, and is let in`;
          options.emit({ type: 'note', level: 'warn', message });
        }
        await users.ensure(apiEndpoint(here));
        guard();
      }
      await keepKubectl();
    },
    pointKubeconfig: async (seen) => {
      const here = world(seen);
      const text = adminText(here);
      if (pki.isSealed() || typeof text !== 'string') return;
      if (text === (await readFile(kubeconfigFile, 'utf8').catch(() => ''))) return;
      guard();
      await writeAtomic(kubeconfigFile, text, 0o600);
      const message = `${kubeconfigFile} names ${adminEndpoint(here)} from now on`;
      options.emit({ type: 'note', level: 'info', message });
    },
    ensureKubectl: async () => {
      if (!isExecutable(kubectlFile(stateFolder))) await keepKubectl();
    },
  };
}

/** Where the administrator reaches the API: by a master that answers, as far as they were seen. */
const adminEndpoint = (world: World): string => apiEndpoint(world, apiHost(world)[0]);

const adminText = (world: World): ReturnType<typeof adminKubeconfig> =>
  adminKubeconfig(world, adminEndpoint(world));

/** What this program keeps for its user, not for a cluster. */
function ownFolder({ XDG_STATE_HOME = '' }: Environment): string {
  return join(isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(homedir(), '.local/state'), 'k8s-bootstrap');
}

/** The controller's own way out; lower case wins, as with curl. */
const proxyOf = (env: Environment): ProxyEnvironment => ({
  httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'],
  httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'],
  noProxy: env['no_proxy'] ?? env['NO_PROXY'],
});
