import { type RunOptions, visit } from '../../cluster/visit.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import { didYouMean } from '../../inventory/suggest.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { withRole } from '../../phases/shared/topology.ts';
import { LEAF_IDS, type LeafId } from '../../pki/spec.ts';
import { converge } from '../../run/converge.ts';
import { sightings } from '../../run/fleet.ts';
import { type Renewal, isRenewedOn } from '../../cluster/renewal.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { outcome } from '../../cluster/visit-hosts.ts';

export interface RenewOptions extends Omit<RunOptions, 'only' | 'skip' | 'prune'> {
  /** Names of `pki/profiles.yaml`; none stands for all. */
  readonly names: readonly string[];
  /** Names of the inventory; none stands for all. */
  readonly hosts: readonly string[];
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
}

/**
 * Makes certificates anew that would still do, with new keys, and restarts what uses them, one member at a time. No
 * authority is touched.
 * @throws E_CERT_NAME, E_CERT_HOST, E_HOST, exit code 2; E_NO_CLUSTER; as `up`
 */
export async function renewCertificates(options: RenewOptions): Promise<number> {
  const read = await readInventory(options.file, options.env, options.secrets);
  const { inventory } = read;
  refuseGiven(options.names, inventory);
  const renewal = renewalOf(options, hostNames(inventory, options.hosts));
  if (!inventory.hosts.some((host) => isRenewedOn(renewal, host))) {
    throw new BootstrapError(
      'E_CERT_HOST',
      `${options.hosts.join(', ')} has no certificate ${[...renewal.names].join(', ')}`,
      { hint: 'k8s-bootstrap certs list shows which host has which.', exitCode: ExitCode.usage },
    );
  }
  // Masters and etcd members are looked at even where others are meant: the API is theirs, and so is the quorum.
  const takesPart = (host: Host): boolean =>
    isRenewedOn(renewal, host) || host.roles.some((role) => role === 'master' || role === 'etcd');
  return visit({ ...options, read, renewal, takesPart }, async ({ cluster, fleet, goal, tell }, plan) => {
    const world = cluster.world(sightings(fleet));
    const masters = withRole(world, 'master').filter(({ name }) => world.seen(name) !== undefined);
    if (masters.length > 0 && masters.every(({ name }) => world.facts(name).cluster === undefined)) {
      throw new BootstrapError('E_NO_CLUSTER', `the cluster ${cluster.inventory.name} does not stand yet`, {
        hint: 'Run "k8s-bootstrap up" first: it makes all certificates.',
      });
    }
    await tell();
    if (!options.dryRun) await converge(fleet, goal, plan, options.stop);
    return outcome(fleet);
  });
}

/** @throws E_CERT_NAME for what this program does not issue */
function refuseGiven(names: readonly string[], { etcd }: Inventory): void {
  if (!etcd.outside || !names.includes('apiserver-etcd-client')) return;
  throw new BootstrapError(
    'E_CERT_NAME',
    'apiserver-etcd-client is given by etcd.cert, and issued by whoever runs that etcd',
    {
      hint: `Put the new one into ${etcd.outside.cert} and ${etcd.outside.key}; up brings it to the masters, one by one.`,
      exitCode: ExitCode.usage,
    },
  );
}

function renewalOf({ names, hosts }: RenewOptions, chosen: readonly string[]): Renewal {
  const unknown = names.find((name) => !isLeaf(name));
  if (unknown !== undefined) {
    throw new BootstrapError(
      'E_CERT_NAME',
      `there is no certificate "${unknown}"${didYouMean(unknown, LEAF_IDS)}`,
      {
        hint: `Certificates are ${LEAF_IDS.join(', ')}. That of a user is renewed by "k8s-bootstrap issue-user NAME --renew".`,
        exitCode: ExitCode.usage,
      },
    );
  }
  const everywhere = hosts.length === 0;
  if (!everywhere && names.includes('admin')) {
    throw new BootstrapError('E_CERT_HOST', `all masters have the same certificate "admin"`, {
      hint: 'Renew it without --host.',
      exitCode: ExitCode.usage,
    });
  }
  const all = LEAF_IDS.filter((name) => everywhere || name !== 'admin');
  return {
    names: new Set(names.length > 0 ? names.filter(isLeaf) : all),
    hosts: everywhere ? undefined : new Set(chosen),
    asked: new Date(),
  };
}

const isLeaf = (name: string): name is LeafId => LEAF_IDS.some((id) => id === name);
