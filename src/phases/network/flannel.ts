import type { Host } from '../../inventory/types.ts';
import { binaryFolder, binaryPath, paths, ports } from '../../kernel/host-paths.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { Gate } from '../../plan/stage.ts';
import { revisionFile } from '../../probe/probers/units.ts';
import { file, fileId } from '../../resources/file.ts';
import { FLANNELD, flannelLink, withoutFlannelLink } from '../../resources/network/flannel.ts';
import { dropInsId, ownUnit, unitFile } from '../../resources/foreign/drop-ins.ts';
import { service } from '../../resources/service.ts';
import { flanneldFlags } from '../../templates/flanneld.ts';
import { renderUnit } from '../../templates/unit.ts';
import type { Phase, World } from '../phase.ts';
import { archiveBinary } from '../shared/binaries.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { answersOk } from '../shared/health-gate.ts';
import { hostKubeconfig } from '../shared/host-kubeconfig.ts';
import { apiForNode, nodes } from '../shared/topology.ts';

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
      flannel?.backend === 'vxlan' ? flannelLink(inputs) : withoutFlannelLink(),
    ];
  },
  gates: (_world, host) => [healthGate(host)],
};

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
