import { createHmac } from 'node:crypto';
import type { Host } from '../../inventory/types.ts';
import type { LockedText } from '../../kernel/locked-text.ts';
import { paths } from '../../kernel/host-paths.ts';
import { Secret } from '../../kernel/secret.ts';
import { factsOf, factsWatches } from '../../facts/facts.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { revisionFile } from '../../probe/probers/units.ts';
import { dropInsId, ownUnit, unitFile } from '../../resources/foreign/drop-ins.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import type { Gate } from '../../plan/stage.ts';
import type { Resource } from '../../resources/resource.ts';
import { selinuxBoolean } from '../../resources/selinux-boolean.ts';
import { service } from '../../resources/service.ts';
import { withoutUnit } from '../../resources/without-unit.ts';
import { hostFile } from '../../templates/host-files.ts';
import { keepalivedConfig } from '../../templates/keepalived.ts';
import { renderUnit } from '../../templates/unit.ts';
import { leaf, leafFiles } from '../shared/certificates.ts';
import { reachesApi } from '../shared/health-gate.ts';
import {
  apiEndpoint,
  apiOf,
  balancesLocally,
  otherMasters,
  sharesAddress,
  withRole,
} from '../shared/topology.ts';
import { ownLink, vipHolders, vipLink, vipWatch } from '../shared/vip.ts';
import type { Phase, World } from '../phase.ts';

export const KEEPALIVED_UNIT = 'k8s-bootstrap-keepalived.service';

/** Without it SELinux lets keepalived, and what it runs, dial the ports of web servers and the like only. */
const dialsAnyPort = selinuxBoolean('keepalived_connect_any');

/**
 * One address for whoever is no node: a master has it whose API server answers. It is the system's keepalived under a
 * unit and a configuration of our own. Before kubelet, as nodes may be told to dial it, too.
 */
export const keepalivedPhase: Phase = {
  id: 'keepalived',
  title: 'Address for users of the API',
  batch: 'rolling',
  mustStand: () => 1,
  hosts: (world) => withRole(world, 'master').filter((host) => sharesAddress(world, host)),
  watch: ({ inventory }, host) => [...factsWatches(), ...dialsAnyPort.watches, ...vipWatch(inventory, host)],
  resources: (world, host) => [
    ...(world.facts(host.name).selinux === 'enforcing' ? [dialsAnyPort] : []),
    // It asks as the balancer does, and has the certificate of that where there is one.
    ...(balancesLocally(world) ? [] : [leaf(world, host, 'balancer')]),
    directory({ path: paths.keepalived }),
    file({ path: paths.keepalivedCheck, content: hostFile('keepalived-check.sh'), mode: '0755' }),
    file({ path: paths.keepalivedConfig, content: config(world, host), secret: true }),
    ...ownUnit({
      unit: KEEPALIVED_UNIT,
      content: () =>
        renderUnit('k8s-bootstrap-keepalived', {
          config: paths.keepalivedConfig,
          revisionFile: revisionFile(KEEPALIVED_UNIT),
        }),
      accepted: world.inventory.os.acceptDropIns,
    }),
    // The script, and what that reads, is read whenever it runs.
    service({
      unit: KEEPALIVED_UNIT,
      restartOn: [
        fileId(unitFile(KEEPALIVED_UNIT)),
        dropInsId(KEEPALIVED_UNIT),
        fileId(paths.keepalivedConfig),
      ],
      inputs: [unitFile(KEEPALIVED_UNIT), paths.keepalivedConfig],
    }),
  ],
  gates: (world, host) => [
    reachesApi(host, `an API server answers at ${vipOf(world)}`, `${apiEndpoint(world)}/healthz`, [
      KEEPALIVED_UNIT,
    ]),
    hasItAlone(world, host),
  ],
};

/** Whoever has the address answers itself there, and says nothing of what others do. The first in the inventory may. */
function hasItAlone(world: World, host: Host): Gate {
  const vip = vipOf(world);
  const before = world.inventory.hosts.slice(0, world.inventory.hosts.indexOf(host));
  const holders = vipHolders(world).filter((other) => before.includes(other));
  return {
    title: `no other has ${vip} where it does`,
    at: host.name,
    watches: factsWatches(),
    judge: (seen) =>
      holders.length > 0 && factsOf(seen).addresses.some(({ ip }) => ip === vip)
        ? `${holders.map(({ name }) => name).join(', ')} has it, too`
        : undefined,
    timeoutSeconds: 60,
    units: [KEEPALIVED_UNIT],
  };
}

/** Where no address is shared any more, what held it goes, and with it the address. */
export const withoutKeepalived = (): Resource =>
  withoutUnit({
    unit: KEEPALIVED_UNIT,
    files: [unitFile(KEEPALIVED_UNIT), paths.keepalivedCheck],
    secrets: [paths.keepalivedConfig],
  });

const vipOf = ({ inventory }: World): string => inventory.apiServer.keepalived?.vip ?? '';

/** The first master is the one that has the address while all are well. */
const HIGHEST = 150;

function config(world: World, host: Host): string | LockedText | undefined {
  const masters = withRole(world, 'master');
  const facts = world.facts(host.name);
  const identity = leafFiles('balancer');
  const healthOf = (master: Host): string => `${apiOf(world, master)}/healthz`;
  return world.pki.keyText('encryption', (secret) =>
    keepalivedConfig({
      name: host.name,
      ip: host.ip,
      peers: otherMasters(world, host).map(({ ip }) => ip),
      interface: ownLink(host, facts) ?? '',
      vip: vipOf(world),
      link: vipLink(world.inventory, host, facts) ?? '',
      priority: HIGHEST - masters.findIndex(({ name }) => name === host.name),
      password: password(secret).reveal(),
      check: paths.keepalivedCheck,
      files: [caFilesOf('cluster').certificate, identity.certificate, identity.key],
      url: healthOf(host),
      others: otherMasters(world, host).map(healthOf),
    }),
  );
}

/**
 * Made of a key that the cluster has anyway, so there is nothing to keep, to lose or to take over. It goes over the wire
 * and tells nothing of that key.
 */
const password = (key: Secret): Secret =>
  new Secret(createHmac('sha256', key.reveal()).update('vrrp').digest('base64url').slice(0, 8));
