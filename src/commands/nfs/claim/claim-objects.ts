import type { NfsProvisioner } from '../../../inventory/types.ts';

/** What a check of a claim makes in the cluster. */
export interface ClaimSpec {
  /** Namespace of this check alone; it goes with everything in it. */
  readonly namespace: string;
  readonly provisioner: NfsProvisioner;
  readonly image: string;
  /** Names of the nodes that get a pod each. */
  readonly nodes: readonly string[];
  /** What the pods write. */
  readonly word: string;
}

/** On namespaces of such checks, so that one that was left can be found. */
export const CHECK_LABEL = 'k8s-bootstrap/nfs-check';

/** Seconds that a pod waits for the file of another one. */
const PATIENCE = 120;

/** The namespace and the claim. */
export const claimObjects = ({ namespace, provisioner }: ClaimSpec): object =>
  list([
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { [CHECK_LABEL]: 'claim' } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'claim', namespace },
      spec: {
        accessModes: ['ReadWriteMany'],
        storageClassName: provisioner.storageClass.name,
        resources: { requests: { storage: '1Mi' } },
      },
    },
  ]);

/** A pod on every node: each writes a file, and reads and deletes that of the next one. */
export const podObjects = (spec: ClaimSpec): object => list(spec.nodes.map((node) => pod(spec, node)));

/** Whose file the pod of a node reads; with a single node its own. */
export const nextOf = (nodes: readonly string[], node: string): string =>
  nodes[(nodes.indexOf(node) + 1) % nodes.length] ?? node;

export const podName = (nodes: readonly string[], node: string): string => `user-${nodes.indexOf(node)}`;

/** Listing the folder makes the client ask the server anew: nfs(5), close-to-open. */
const SCRIPT = `echo "$3" > "/data/$1" || exit 1
i=0
until ls /data > /dev/null && [ "$(cat "/data/$2" 2> /dev/null)" = "$3" ]; do
  i=$((i + 1))
  [ $i -le ${PATIENCE} ] || { echo "no file of $2 within ${PATIENCE} s"; exit 1; }
  sleep 1
done
rm "/data/$2"`;

const pod = ({ namespace, image, nodes, word }: ClaimSpec, node: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: podName(nodes, node), namespace },
  spec: {
    // Past the scheduler, so that taints do not matter.
    nodeName: node,
    tolerations: [{ operator: 'Exists' }],
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'user',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', SCRIPT, 'sh', node, nextOf(nodes, node), word],
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'claim' } }],
  },
});

const list = (items: readonly object[]): object => ({ apiVersion: 'v1', kind: 'List', items });
