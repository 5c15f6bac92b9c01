import { apiPath, kubectl } from '../../resources/cluster/kube-api.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { kubeObject } from '../../resources/cluster/object.ts';
import { rbacManifest } from '../../templates/rbac.ts';
import { apiHost } from '../shared/topology.ts';
import type { Phase, World } from '../phase.ts';

/** Rights that the components need and that no controller makes; the files are `templates/rbac`. */
export const rbacPhase: Phase = {
  id: 'rbac',
  title: 'Bootstrap RBAC',
  batch: 'parallel',
  hosts: apiHost,
  resources: (world) => objects(world).map((object) => kubeObject(apiPath(object), object, kubectl)),
};

const objects = (world: World): KubeObject[] => [
  ...rbacManifest('kubelet-api'),
  ...(world.inventory.profile === 'cis' ? rbacManifest('pod-security') : []),
  ...(world.inventory.network.cni === 'flannel' ? rbacManifest('flannel') : []),
];
