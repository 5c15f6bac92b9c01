import { readDocuments } from '../../kernel/data.ts';
import { apiPath, kubectl } from '../../resources/kube-api.ts';
import { type KubeObject, kubeObject } from '../../resources/object.ts';
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
  ...manifest('kubelet-api.yaml'),
  ...(world.inventory.profile === 'cis' ? manifest('pod-security.yaml') : []),
];

const manifest = (name: string): KubeObject[] => readDocuments(`templates/rbac/${name}`) as KubeObject[];
