import { createHash } from 'node:crypto';
import type { NfsProvisioner } from '../../inventory/types.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { labelledLists, ofPart } from '../shared/parts.ts';

const PART = 'nfs-provisioner';

/** Lists of all kinds that the provisioner is made of, by our label; nine questions over one connection. */
export const provisionerLists = labelledLists(PART, [
  '/api/v1/serviceaccounts',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  '/apis/rbac.authorization.k8s.io/v1/roles',
  '/apis/rbac.authorization.k8s.io/v1/rolebindings',
  '/apis/apps/v1/deployments',
  '/apis/storage.k8s.io/v1/storageclasses',
  '/api/v1/persistentvolumeclaims',
  '/api/v1/persistentvolumes',
]);

/** The list that the provisioner's Deployment is in, with its status. */
export const [PROVISIONER_DEPLOYMENTS = ''] = labelledLists(PART, ['/apis/apps/v1/deployments']);

/**
 * In the order in which they are made: rights before the pod that needs them.
 * @param restored when the cluster last went back to a snapshot: a pod of before waits for revisions that are gone
 */
export const provisionerObjects = (provisioner: NfsProvisioner, restored?: string): KubeObject[] => [
  object('v1', 'ServiceAccount', provisioner.name, provisioner.namespace),
  ...rights(provisioner),
  ...ownMount(provisioner),
  deployment(provisioner, restored),
  storageClass(provisioner),
];

const RBAC = 'rbac.authorization.k8s.io/v1';

/** Volumes are everybody's; the lock by which one of several copies leads is in its own namespace. */
function rights({ name, namespace }: NfsProvisioner): KubeObject[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const role = `k8s-bootstrap:${name}`;
  const lock = `${name}-lock`;
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    object(RBAC, 'ClusterRole', role, undefined, {
      rules: [
        rule('', 'persistentvolumes', 'get', 'list', 'watch', 'create', 'delete'),
        rule('', 'persistentvolumeclaims', 'get', 'list', 'watch', 'update'),
        rule('storage.k8s.io', 'storageclasses', 'get', 'list', 'watch'),
        rule('', 'events', 'create', 'update', 'patch'),
        rule('', 'nodes', 'get', 'list', 'watch'),
      ],
    }),
    object(RBAC, 'ClusterRoleBinding', role, undefined, {
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects,
    }),
    object(RBAC, 'Role', lock, namespace, {
      rules: [rule('', 'endpoints', 'get', 'list', 'watch', 'create', 'update', 'patch')],
    }),
    object(RBAC, 'RoleBinding', lock, namespace, {
      roleRef: { apiGroup, kind: 'Role', name: lock },
      subjects,
    }),
  ];
}

const rule = (apiGroup: string, resource: string, ...verbs: string[]): Record<string, readonly string[]> => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs,
});

/**
 * What the provisioner's own volume and claim are called; `undefined` without options of mount. What they say can never
 * be changed, so that another export or other options are another pair.
 */
function mountName({ name, server, export: path, storageClass }: NfsProvisioner): string | undefined {
  const { mountOptions } = storageClass;
  if (mountOptions.length === 0) return undefined;
  const text = JSON.stringify([server, path, mountOptions]);
  return `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 10)}`;
}

/** A volume within a pod has no options of mount, only a PersistentVolume has: this one is kept for the provisioner. */
function ownMount(provisioner: NfsProvisioner): KubeObject[] {
  const { namespace, server, export: path, storageClass } = provisioner;
  const name = mountName(provisioner);
  if (name === undefined) return [];
  const common = { accessModes: ['ReadWriteMany'] };
  return [
    object('v1', 'PersistentVolume', name, undefined, {
      spec: {
        ...common,
        capacity: { storage: '1Mi' },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
        mountOptions: storageClass.mountOptions,
        nfs: { server, path },
        persistentVolumeReclaimPolicy: 'Retain',
      },
    }),
    object('v1', 'PersistentVolumeClaim', name, namespace, {
      // No class, said: nothing said is the default class. A volume has none unless it says one, and an empty one is not kept.
      spec: {
        ...common,
        resources: { requests: { storage: '1Mi' } },
        storageClassName: '',
        volumeName: name,
      },
    }),
  ];
}

/**
 * One pod that has the whole export mounted and makes a folder for each claim. What the server would fill in within the
 * lists is written out: lists are compared whole. Recreate: two of them must not work on one export.
 */
function deployment(provisioner: NfsProvisioner, restored: string | undefined): KubeObject {
  const { name, namespace, image, server, export: path, provisionerName } = provisioner;
  const claimName = mountName(provisioner);
  const source =
    claimName === undefined ? { nfs: { server, path } } : { persistentVolumeClaim: { claimName } };
  const env = { PROVISIONER_NAME: provisionerName, NFS_SERVER: server, NFS_PATH: path };
  const container = {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
    resources: {},
    volumeMounts: [{ name: 'root', mountPath: '/persistentvolumes' }],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  };
  return object('apps/v1', 'Deployment', name, namespace, {
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: {
          labels: { app: name },
          ...(restored !== undefined && { annotations: { 'k8s-bootstrap/restored': restored } }),
        },
        spec: {
          serviceAccountName: name,
          containers: [container],
          volumes: [{ name: 'root', ...source }],
        },
      },
    },
  });
}

function storageClass({ provisionerName, storageClass: written }: NfsProvisioner): KubeObject {
  const { name, reclaimPolicy, archiveOnDelete, mountOptions } = written;
  return ofPart(PART, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name,
      annotations: {
        'storageclass.kubernetes.io/is-default-class': String(written.default),
        // What is taken out of a list that may be missing would not be seen to differ.
        'k8s-bootstrap/mount-options': mountOptions.join(','),
      },
    },
    provisioner: provisionerName,
    reclaimPolicy,
    parameters: { archiveOnDelete: String(archiveOnDelete) },
    ...(mountOptions.length > 0 ? { mountOptions } : {}),
  });
}

const object = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  more: Readonly<Record<string, unknown>> = {},
): KubeObject =>
  ofPart(PART, {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    ...more,
  });
