import { caFilesOf } from '../../pki/profiles.ts';
import { binaryPath, paths, ports } from '../../kernel/host-paths.ts';
import { file, fileId } from '../../resources/file.ts';
import { releaseBinary } from '../shared/binaries.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { apiOf, withRole } from '../shared/topology.ts';
import { component } from '../shared/component.ts';
import { tellsOthers } from '../shared/figures.ts';
import type { Phase, World } from '../phase.ts';
import { serviceAccountKeyFile, signingCaOf } from '../trust/authorities.ts';
import { healthGate } from '../shared/health-gate.ts';
import { hostKubeconfig } from '../shared/host-kubeconfig.ts';

interface Controller {
  readonly name: 'kube-controller-manager' | 'kube-scheduler';
  readonly certificate: 'controller-manager' | 'scheduler';
  readonly conf: string;
  readonly port: number;
  readonly values: (world: World) => Readonly<Record<string, string | undefined>>;
  /** Files of phase `trust` that it reads. */
  readonly trusted: (world: World) => readonly string[];
  readonly extraArgs: (world: World) => World['inventory']['scheduler']['extraArgs'];
}

/** Both are clients of the API with a leader among them: the same phase but for what they are told. */
export const controllerManagerPhase = controllerPhase({
  name: 'kube-controller-manager',
  certificate: 'controller-manager',
  conf: paths.controllerManagerConf,
  port: ports.controllerManager,
  values: (world) => ({
    cluster: world.inventory.name,
    podCIDR: world.inventory.network.podCIDR,
    serviceCIDR: world.inventory.network.serviceCIDR,
    // It signs certificate requests only where the CA's key is at hand.
    signingCert: signs(world) ? signingCaOf(world) : undefined,
    signingKey: signs(world) ? caFilesOf('cluster').key : undefined,
  }),
  trusted: (world) => [
    serviceAccountKeyFile,
    ...(signs(world) ? [signingCaOf(world), caFilesOf('cluster').key] : []),
  ],
  extraArgs: (world) => world.inventory.controllerManager.extraArgs,
});

export const schedulerPhase = controllerPhase({
  name: 'kube-scheduler',
  certificate: 'scheduler',
  conf: paths.schedulerConf,
  port: ports.scheduler,
  values: () => ({}),
  trusted: () => [],
  extraArgs: (world) => world.inventory.scheduler.extraArgs,
});

const signs = (world: World): boolean => world.inventory.pki.caKeys === 'masters';

function controllerPhase(spec: Controller): Phase {
  const { name, certificate, conf } = spec;
  return {
    id: certificate,
    title: name,
    batch: 'rolling',
    hosts: (world) => withRole(world, 'master'),
    resources(world, host) {
      // For itself it makes one at each start, which nobody could know it by.
      const shown = tellsOthers(world, host, name) ? ('apiserver' as const) : undefined;
      const certificates = [certificate, ...(shown ? [shown] : [])];
      const trusted = [...new Set([caFilesOf('cluster').certificate, ...spec.trusted(world)])];
      return [
        releaseBinary(world, host, name),
        leaf(world, host, certificate),
        file({
          path: conf,
          content: () => hostKubeconfig(world, apiOf(world, host), `system:${name}`, leafFiles(certificate)),
          mode: '0600',
        }),
        ...component(world, host, {
          name,
          binary: binaryPath(name),
          values: {
            ...spec.values(world),
            shownCert: shown && leafFiles(shown).certificate,
            shownKey: shown && leafFiles(shown).key,
          },
          context: {},
          extraArgs: spec.extraArgs(world),
          restartOn: [...certificates.map(leafId), fileId(conf), ...trusted.map(fileId)],
          inputs: [...certificates.flatMap(leafPaths), conf, ...trusted],
        }),
      ];
    },
    gates: (_world, host) => [healthGate(host, name, `https://127.0.0.1:${spec.port}/healthz`)],
  };
}
