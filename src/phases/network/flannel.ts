import type { Host } from '../../inventory/types.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { binaryFolder, binaryPath, paths, ports } from '../../kernel/host-paths.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { Gate } from '../../plan/stage.ts';
import { revisionFile } from '../../probe/probers/units.ts';
import { file, fileId } from '../../resources/file.ts';
import { nodesIn } from '../../resources/cluster/kube-api.ts';
import {
  FLANNELD,
  flannelLink,
  routeWatches,
  type Route,
  missingRoutes,
  routeTo,
  withoutFlannelLink,
} from '../../resources/network/flannel.ts';
import { dropInsId, ownUnit, unitFile } from '../../resources/foreign/drop-ins.ts';
import { service } from '../../resources/service.ts';
import { flanneldFlags } from '../../templates/flanneld.ts';
import { renderUnit } from '../../templates/unit.ts';
import type { Phase, World } from '../phase.ts';
import { archiveBinary } from '../shared/binaries.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { answersOk } from '../shared/health-gate.ts';
import { hostKubeconfig } from '../shared/host-kubeconfig.ts';
import { apiForNode, apiHost, nodes } from '../shared/topology.ts';
import { podRanges } from './pod-ranges.ts';

const BINARY = binaryPath('flanneld');
const HEALTH = `http://127.0.0.1:${ports.flanneldHealth}/healthz`;
const ca = caFilesOf('cluster').certificate;

/** flanneld on every node: it reads from the API which node has which range of pods, and sets the way there. */
export const flannelPhase: Phase = {
  id: 'flannel',
  title: 'flannel',
  batch: 'canary',
  hosts: (world) => (world.inventory.network.cni === 'flannel' ? nodes(world) : []),
  resources(world, host) {
    const { flannel } = world.inventory.network;
    const read = [paths.flannelConf, paths.flannelNetwork, ca, paths.restored];
    const inputs = [unitFile(FLANNELD), ...leafPaths('flannel'), ...read];
    return [
      archiveBinary(
        world,
        host,
        { name: 'flannel', version: flannel?.version ?? world.release.flannel.version },
        'flanneld',
        binaryFolder,
      ),
      leaf(world, host, 'flannel'),
      file({
        path: paths.flannelConf,
        content: () => hostKubeconfig(world, apiForNode(world, host), 'system:flannel', leafFiles('flannel')),
        mode: '0600',
      }),
      file({ path: paths.flannelNetwork, content: () => networkConfig(world) }),
      ...ownUnit({
        unit: FLANNELD,
        content: () => unitText(host),
        accepted: world.inventory.os.acceptDropIns,
      }),
      service({
        unit: FLANNELD,
        restartOn: [
          fileId(unitFile(FLANNELD)),
          dropInsId(FLANNELD),
          fileId(BINARY),
          leafId('flannel'),
          ...read.map(fileId),
        ],
        inputs,
      }),
      isVxlan(world) ? flannelLink(inputs, routesFrom(world, host)) : withoutFlannelLink(),
    ];
  },
  gates: (world, host) => [healthGate(host), ...(isVxlan(world) ? [routesGate(world, host)] : [])],
};

const isVxlan = ({ inventory }: World): boolean => inventory.network.flannel?.backend === 'vxlan';

/** The ways to the pods of the other nodes. */
const routesFrom = (world: World, { name }: Host): Route[] =>
  [...knownWays(world)].flatMap(([node, route]) => (node === name ? [] : [route]));

/** The way to the pods of each node whose flanneld has told all what that is, by its name. */
const knownWays = oncePer((world: World): ReadonlyMap<string, Route> => {
  const known = nodesIn(world.seen(apiHost(world)[0]?.name ?? ''));
  const ranges = podRanges(world);
  const ways = new Map<string, Route>();
  for (const node of nodes(world)) {
    const range = ranges.get(node.name);
    const { metadata, spec } = known?.get(node.name) ?? {};
    // flanneld goes by the node's own range, which may be one that we would not have given.
    if (range !== undefined && spec?.podCIDR === range && tellsItsWay(node, metadata?.annotations)) {
      ways.set(node.name, routeTo(range));
    }
  }
  return ways;
});

/** https://github.com/flannel-io/flannel/blob/v0.12.0/subnet/kube/annotations.go */
const ANNOTATIONS = 'flannel.alpha.coreos.com';

/** As flanneld itself writes it: of anything else it is not sure that another flanneld can read it. */
const BACKEND_DATA = /^\{(?:"VNI":\d{1,8},)?"VtepMAC":"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"\}$/;

/** A node may write into its own object whatever it likes: what no flanneld goes by counts for nothing here, too. */
const tellsItsWay = ({ ip }: Host, told: Readonly<Record<string, string>> = {}): boolean =>
  told[`${ANNOTATIONS}/kube-subnet-manager`] === 'true' &&
  told[`${ANNOTATIONS}/backend-type`] === 'vxlan' &&
  told[`${ANNOTATIONS}/public-ip`] === ip &&
  BACKEND_DATA.test(told[`${ANNOTATIONS}/backend-data`] ?? '');

/** flanneld sets the way to a node when it hears of it from the API, which may be after it has said that it is ready. */
function routesGate(world: World, host: Host): Gate {
  const routes = routesFrom(world, host);
  return {
    title: 'flanneld has set the routes to the pods of other nodes',
    at: host.name,
    watches: routeWatches,
    judge: (seen) => missingRoutes(seen, routes),
    timeoutSeconds: 60,
    units: [FLANNELD],
  };
}

/** It says that it is ready to systemd; that it goes on, it answers here. */
const healthGate = (host: Host): Gate => ({
  title: 'flanneld is healthy',
  at: host.name,
  watches: [{ kind: 'endpoint', key: HEALTH }],
  judge(seen) {
    const status = seen.endpoint(HEALTH)?.status ?? 0;
    if (status === 200) return undefined;
    return status === 0 ? 'no answer' : `HTTP ${status}`;
  },
  condition: answersOk(HEALTH),
  timeoutSeconds: 60,
  units: [FLANNELD],
});

/** https://github.com/flannel-io/flannel/blob/master/Documentation/configuration.md */
function networkConfig({ inventory }: World): string {
  const { podCIDR, flannel } = inventory.network;
  const backend =
    flannel?.backend === 'host-gw' ? { Type: 'host-gw' } : { Type: 'vxlan', VNI: 1, Port: flannel?.port };
  return `${JSON.stringify({ Network: podCIDR, Backend: backend }, null, 2)}\n`;
}

const unitText = (host: Host): string =>
  renderUnit('flanneld', {
    ...flanneldFlags(BINARY, {
      ip: host.ip,
      healthPort: String(ports.flanneldHealth),
      kubeconfig: paths.flannelConf,
      network: paths.flannelNetwork,
    }),
    nodeName: host.name,
    revisionFile: revisionFile(FLANNELD),
  });
