import { describe, expect, it } from 'vitest';
import { imagesPhase } from '../../../../src/phases/node/images.ts';
import { nfsStoragePhase } from '../../../../src/phases/nfs/storage.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { hostOf, sight, worldOf } from '../world.ts';

const NOTHING = new Map<string, Change>();
const hosts = [
  { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
  { name: 'w1', address: '192.0.2.12', roles: ['worker'] },
  { name: 'n1', address: '192.0.2.14', roles: ['nfs'] },
];
const nfs = { exports: [{ path: '/nfsdata' }] };

describe('volumes', () => {
  const objectsOf = async (provisioner: object, profile = 'secure'): Promise<KubeObject[]> => {
    const world = worldOf({ inventory: { hosts, profile, nfs: { ...nfs, provisioner } } });
    const set = nfsStoragePhase
      .resources(world, hostOf(world, 'm1'))
      .find(({ id }) => id === 'nfs-provisioner')!;
    const empty = { status: 200, body: { items: [] } };
    const seen = { ...sight({}), object: () => empty };
    const [step] = await set.steps(set.diff(seen, NOTHING), seen);
    const content = step?.op === 'run' && step.stdin ? [...(step.stdin.open() as Iterable<Uint8Array>)] : [];
    return (JSON.parse(Buffer.concat(content).toString()) as { items: KubeObject[] }).items;
  };

  it('are mounted by the provisioner itself with the options of the class, through a volume of its own', async () => {
    const mountedBy = async (more: object): Promise<{ used: unknown; pair: KubeObject[] }> => {
      const objects = await objectsOf(more);
      const deployment = objects.find(({ kind }) => kind === 'Deployment');
      const { volumes } = (deployment?.['spec'] as { template: { spec: { volumes: unknown[] } } }).template
        .spec;
      return { used: volumes[0], pair: objects.filter(({ kind }) => kind.startsWith('PersistentVolume')) };
    };
    const { used, pair } = await mountedBy({ storageClass: { mountOptions: ['hard', 'nfsvers=4.1'] } });
    const [volume, claim] = pair;
    const name = claim?.metadata.name;
    expect(name).toMatch(/^nfs-client-provisioner-[0-9a-f]{10}$/);
    expect(used).toEqual({ name: 'root', persistentVolumeClaim: { claimName: name } });
    expect(volume).toMatchObject({
      metadata: { name },
      spec: {
        mountOptions: ['hard', 'nfsvers=4.1'],
        claimRef: { namespace: 'kube-system', name },
        nfs: { server: '192.0.2.14', path: '/nfsdata' },
        persistentVolumeReclaimPolicy: 'Retain',
      },
    });
    // The API server drops an empty one there, and what it drops would be changed anew by each run.
    expect(volume?.['spec']).not.toHaveProperty('storageClassName');
    expect(claim).toMatchObject({
      metadata: { namespace: 'kube-system' },
      spec: { volumeName: name, storageClassName: '' },
    });
    const other = await mountedBy({ storageClass: { mountOptions: ['soft'] } });
    expect(other.pair[1]?.metadata.name).not.toBe(name);
  });

  it('are made by a Deployment with rights of its own', async () => {
    const objects = await objectsOf({});
    expect(
      objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`),
    ).toEqual([
      'ServiceAccount kube-system/nfs-client-provisioner',
      'ClusterRole /k8s-bootstrap:nfs-client-provisioner',
      'ClusterRoleBinding /k8s-bootstrap:nfs-client-provisioner',
      'Role kube-system/nfs-client-provisioner-lock',
      'RoleBinding kube-system/nfs-client-provisioner-lock',
      'Deployment kube-system/nfs-client-provisioner',
      'StorageClass /nfs-client',
    ]);
    expect(objects[5]).toMatchObject({
      apiVersion: 'apps/v1',
      spec: {
        strategy: { type: 'Recreate' },
        selector: { matchLabels: { app: 'nfs-client-provisioner' } },
        template: {
          metadata: { labels: { app: 'nfs-client-provisioner' } },
          spec: {
            containers: [
              {
                env: [
                  { name: 'PROVISIONER_NAME', value: 'k8s-bootstrap/nfs' },
                  { name: 'NFS_SERVER', value: '192.0.2.14' },
                  { name: 'NFS_PATH', value: '/nfsdata' },
                ],
              },
            ],
            volumes: [{ nfs: { server: '192.0.2.14', path: '/nfsdata' } }],
          },
        },
      },
    });
  });

  it('have a class that says in words what happens to them', async () => {
    const storageClass = {
      default: true,
      archiveOnDelete: false,
      reclaimPolicy: 'Retain',
      mountOptions: ['hard'],
    };
    const made = await objectsOf({ storageClass, kind: 'nfs-subdir', namespace: 'storage' });
    expect(made.at(-1)).toMatchObject({
      provisioner: 'k8s-bootstrap/nfs',
      reclaimPolicy: 'Retain',
      parameters: { archiveOnDelete: 'false' },
      mountOptions: ['hard'],
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    });
    expect(made.at(-2)?.metadata).toMatchObject({
      name: 'nfs-subdir-external-provisioner',
      namespace: 'storage',
    });
  });

  it('have a class that is made anew when it says otherwise: the API server keeps it as it was', async () => {
    const world = worldOf({ inventory: { hosts, nfs: { ...nfs, provisioner: {} } } });
    const set = nfsStoragePhase.resources(world, hostOf(world, 'm1'))[0]!;
    const wanted = await objectsOf({});
    const seen = {
      ...sight({}),
      object: (path: string) => {
        const kind = /([a-z]+)\?/.exec(path)?.[1] ?? '';
        const items = wanted
          .filter((object) => `${object.kind.toLowerCase()}s`.replace('classs', 'classes') === kind)
          .map((object) => (kind === 'storageclasses' ? { ...object, reclaimPolicy: 'Retain' } : object));
        return { status: 200, body: { items } };
      },
    };
    const change = set.diff(seen, NOTHING);
    expect(change).toMatchObject({ summary: 'StorageClass nfs-client (reclaimPolicy)' });
    expect((await set.steps(change, seen)).map((step) => (step.op === 'run' ? step.title : ''))).toEqual([
      'take back NFS provisioner',
      'apply NFS provisioner',
    ]);
  });

  it('come from nowhere when there is no provisioner: what there was goes', () => {
    const world = worldOf({ inventory: { hosts, nfs } });
    const set = nfsStoragePhase.resources(world, hostOf(world, 'm1'))[0]!;
    const items = [{ metadata: { name: 'nfs-client' } }];
    const seen = {
      ...sight({}),
      object: (path: string) => ({
        status: 200,
        body: path.includes('/storageclasses')
          ? { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClassList', items }
          : {},
      }),
    };
    expect(set.diff(seen, NOTHING)).toEqual({ kind: 'delete', summary: 'StorageClass nfs-client' });
  });
});

describe('images from mirrors', () => {
  it('are each node’s, by its own runtime', () => {
    const mirrors = { 'quay.io/x/p:v1': 'mirror.example.com/p:v1' };
    const world = worldOf({ inventory: { hosts, images: { mirrors } } });
    expect(imagesPhase.hosts(world).map(({ name }) => name)).toEqual(['m1', 'w1']);
    const [image] = imagesPhase.resources(world, hostOf(world, 'w1'));
    expect(image?.id).toBe('image:quay.io/x/p:v1');
    expect(image?.watches).toMatchObject([{ key: 'images:docker' }]);
  });
});
