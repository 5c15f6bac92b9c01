import type { Host } from '../../inventory/types.ts';
import { paths, ports } from '../../kernel/host-paths.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { revisionFile } from '../../probe/probers/units.ts';
import { sha256 } from '../../resources/content.ts';
import { dropInsId, ownUnit, unitFile } from '../../resources/foreign/drop-ins.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import { selinuxBoolean } from '../../resources/selinux-boolean.ts';
import type { Resource } from '../../resources/resource.ts';
import { withoutUnit } from '../../resources/without-unit.ts';
import { service } from '../../resources/service.ts';
import { balancerConfig } from '../../templates/balancer.ts';
import { renderUnit } from '../../templates/unit.ts';
import { factsWatches } from '../../facts/facts.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { reachesApi } from '../shared/health-gate.ts';
import { balancesLocally, nodes, withRole } from '../shared/topology.ts';
import type { Phase, World } from '../phase.ts';

export const BALANCER_UNIT = 'k8s-bootstrap-balancer.service';

/** Without it SELinux lets haproxy dial and listen on the ports of web servers only. */
const dialsAnyPort = selinuxBoolean('haproxy_connect_any');

/**
 * A way to the API on every node that outlives any master: kubelet and kube-proxy dial it on loopback, so that a master
 * more or less changes nothing of theirs. It is the system's haproxy under a unit and a configuration of our own.
 */
export const balancerPhase: Phase = {
  id: 'balancer',
  title: 'Balancer for the API',
  batch: 'canary',
  hosts: (world) => (balancesLocally(world) ? nodes(world) : []),
  watch: () => [...factsWatches(), ...dialsAnyPort.watches],
  resources: (world, host) => [
    ...(world.facts(host.name).selinux === 'enforcing' ? [dialsAnyPort] : []),
    leaf(world, host, 'balancer'),
    directory({ path: paths.balancer }),
    file({ path: paths.balancerConfig, content: () => config(world, host) }),
    ...ownUnit({
      unit: BALANCER_UNIT,
      content: () =>
        renderUnit('k8s-bootstrap-balancer', {
          config: paths.balancerConfig,
          revisionFile: revisionFile(BALANCER_UNIT),
        }),
      accepted: world.inventory.os.acceptDropIns,
    }),
    service({
      unit: BALANCER_UNIT,
      reloads: true,
      restartOn: [
        fileId(unitFile(BALANCER_UNIT)),
        dropInsId(BALANCER_UNIT),
        leafId('balancer'),
        ...[paths.balancerConfig, ca].map(fileId),
      ],
      inputs: [unitFile(BALANCER_UNIT), ...leafPaths('balancer'), paths.balancerConfig, ca],
    }),
  ],
  gates: (_world, host) => [
    reachesApi(host, 'the balancer reaches an API server', `https://127.0.0.1:${ports.balancer}/healthz`, [
      BALANCER_UNIT,
    ]),
  ],
};

/** Where nodes dial something else, what has stood between goes. */
export const withoutBalancer = (): Resource =>
  withoutUnit({ unit: BALANCER_UNIT, files: [unitFile(BALANCER_UNIT), paths.balancerConfig] });

const ca = caFilesOf('cluster').certificate;

const config = (world: World, host: Host): string =>
  balancerConfig({
    port: ports.balancer,
    ca,
    identity: leafFiles('balancer').key,
    servers: inOrder(world, host).map(({ name, ip }) => ({
      name,
      address: `${ip}:${world.inventory.apiServer.port}`,
      backup: host.roles.includes('master') && name !== host.name,
    })),
  });

/**
 * A master's own API server before all others. Else the order is the node's own, or all would begin with the first
 * master; and it is a matter of the two names alone, so that hosts which come and go change nobody else's.
 */
export function inOrder(world: World, host: Host): Host[] {
  const place = ({ name }: Host): string => (name === host.name ? '' : sha256(`${host.name} ${name}`));
  return withRole(world, 'master').toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
}
