import type { NfsProvisioner } from '../../inventory/types.ts';
import type { KubeObject } from '../../resources/object.ts';

/** On every object of the provisioner: what carries it and is not wanted any more goes. */
export const PART_LABEL = { 'k8s-bootstrap/part': 'nfs-provisioner' } as const;

const labelled = (path: string): string =>
  `${path}?labelSelector=${encodeURIComponent(
    Object.entries(PART_LABEL)
      .map(([label, value]) => `${label}=${value}`)
      .join(','),
  )}`;

/** The list that the provisioner's Deployment is in, with its status. */
export const PROVISIONER_DEPLOYMENTS = labelled('/apis/apps/v1/deployments');

/** Lists of all kinds that the provisioner is made of, by our label; seven questions over one connection. */
export const provisionerLists: readonly string[] = [
  labelled('/api/v1/serviceaccounts'),
  labelled('/apis/rbac.authorization.k8s.io/v1/clusterroles'),
  labelled('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'),
  labelled('/apis/rbac.authorization.k8s.io/v1/roles'),
  labelled('/apis/rbac.authorization.k8s.io/v1/rolebindings'),
  PROVISIONER_DEPLOYMENTS,
  labelled('/apis/storage.k8s.io/v1/storageclasses'),
];

/** In the order in which they are made: rights before the pod that needs them. */
export const provisionerObjects = (provisioner: NfsProvisioner): KubeObject[] => [
  object('v1', 'ServiceAccount', provisioner.name, provisioner.namespace),
  ...rights(provisioner),
  deployment(provisioner),
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
 * One pod that has the whole export mounted and makes a folder for each claim. What the server would fill in within the
 * lists is written out: lists are compared whole. Recreate: two of them must not work on one export.
 */
function deployment(provisioner: NfsProvisioner): KubeObject {
  const { name, namespace, image, server, export: path, provisionerName } = provisioner;
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
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: name,
          containers: [container],
          volumes: [{ name: 'root', nfs: { server, path } }],
        },
      },
    },
  });
}

function storageClass({ provisionerName, storageClass: written }: NfsProvisioner): KubeObject {
  const { name, reclaimPolicy, archiveOnDelete, mountOptions } = written;
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name,
      labels: PART_LABEL,
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
  };
}

const object = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  more: Readonly<Record<string, unknown>> = {},
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: PART_LABEL },
  ...more,
});
