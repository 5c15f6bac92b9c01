import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, kubectl, kubectlJson } from '../support/kubectl.ts';
import { HOSTS, onHost, onHosts, settings } from '../support/lab.ts';
import { SERVER, SLOW, VOLUMES, nfs, setup, standingStorage, withNfsInventory } from '../support/nfs.ts';
import { k8sb, up } from '../support/product.ts';

const NAMESPACE = 'e2e-nfs';
const BUSYBOX = `${settings.controller}:5000/busybox:1.31`;

const inNamespace = (args: readonly string[], stdin = ''): Promise<string> =>
  kubectl(['-n', NAMESPACE, ...args], stdin);

const apply = (...objects: readonly object[]): Promise<string> =>
  inNamespace(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));

const claim = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Mi' } } },
});

/** Runs a command with a claim at /data, once. */
const writer = (name: string, script: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'shell',
        image: BUSYBOX,
        command: ['sh', '-c', script],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
  },
});

const phaseOf = (kind: string, name: string): Promise<string> =>
  inNamespace(['get', kind, name, '-o', 'jsonpath={.status.phase}']);

/** A claim that was bound and written by a pod; the name of its volume. */
async function writtenClaim(name: string): Promise<string> {
  await apply(claim(name), writer(name, `hostname > /data/by; date > /data/at`));
  await eventually(async () => {
    expect(await phaseOf('pvc', name)).toBe('Bound');
  }, 60);
  await eventually(async () => {
    expect(await phaseOf('pod', name)).toBe('Succeeded');
  }, 120);
  return await inNamespace(['get', 'pvc', name, '-o', 'jsonpath={.spec.volumeName}']);
}

async function deleted(name: string, volume: string): Promise<void> {
  await inNamespace(['delete', 'pod,pvc', name]);
  await eventually(async () => {
    expect(await kubectl(['get', 'pv', volume, '--ignore-not-found'])).toBe('');
  }, 60);
}

beforeAll(async () => {
  await standingStorage();
  await kubectl(['create', 'namespace', NAMESPACE]);
  await eventually(() => inNamespace(['get', 'serviceaccount', 'default']));
}, SLOW);

afterAll(async () => {
  await kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  await up();
}, SLOW);

describe('the cluster with storage', () => {
  test('has the new worker, Ready, and nothing left to do', async () => {
    const ready = '-o=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    expect(await kubectl(['get', 'node', 'v1', ready])).toBe('True');
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('runs the provisioner from the image that was pulled under another name', async () => {
    await kubectl([
      '-n',
      'kube-system',
      'rollout',
      'status',
      'deployment/nfs-client-provisioner',
      '--timeout=120s',
    ]);
    interface Pod {
      spec: { nodeName: string; containers: { image: string }[] };
    }
    const { items } = await kubectlJson<{ items: Pod[] }>(
      ...['-n', 'kube-system', 'get', 'pods', '-l', 'app=nfs-client-provisioner'],
    );
    expect(items.map(({ spec }) => [spec.nodeName, spec.containers[0]?.image])).toEqual([
      ['v1', 'quay.io/external_storage/nfs-client-provisioner:v3.1.0-k8s1.11'],
    ]);
  });
});

describe('a claim', () => {
  let volume: string;
  let folder: string;

  beforeAll(async () => {
    volume = await writtenClaim('kept');
    folder = `${VOLUMES}/${NAMESPACE}-kept-${volume}`;
  }, SLOW);

  test('without a class gets a volume of the default one, which is on the server', async () => {
    const path = '-o=jsonpath={.spec.nfs.server} {.spec.nfs.path} {.spec.storageClassName}';
    expect(await kubectl(['get', 'pv', volume, path])).toBe(`${SERVER} ${folder} nfs-client`);
  });

  test('is written by a pod, as root, for real', async () => {
    expect(await onHost('n1', `cat ${folder}/by; stat -c '%a %u' ${folder} ${folder}/by`)).toBe(
      'kept\n777 0\n644 0\n',
    );
  });

  test('that is deleted leaves its files in an archive, as the class says', async () => {
    await deleted('kept', volume);
    const archive = `${VOLUMES}/archived-${NAMESPACE}-kept-${volume}`;
    expect(await onHost('n1', `cat ${archive}/by; ls -d ${folder} 2>/dev/null || :; rm -r ${archive}`)).toBe(
      'kept\n',
    );
  });

  test('leaves nothing when the class says so; the class is made anew for that', async () => {
    const changed = 'archiveOnDelete: false\n      mountOptions: [nfsvers=4.1, soft]';
    await withNfsInventory((text) => text.replace('archiveOnDelete: true', changed), setup);
    const gone = await writtenClaim('gone');
    // The provisioner's own mount has the options of the class, too.
    expect(await onHost('v1', 'grep /nfs-client-provisioner- /proc/mounts')).toMatch(/vers=4\.1,.*soft,/);
    await deleted('gone', gone);
    expect(await onHost('n1', `ls ${VOLUMES}`)).toBe('');
    await setup();
  });
});

describe('nfs check --claim', () => {
  const others = ['m1', 'w1', 'w2'];

  // Pods go to every node of the cluster: those that have no NFS are taken out of it.
  beforeAll(() => kubectl(['delete', 'node', ...others]));
  afterAll(() => onHosts('systemctl restart kubelet', HOSTS));

  test('claims, writes from a pod, reads it back, and leaves nothing', async () => {
    const { events, stderr } = await nfs('check', '--claim', '--image', BUSYBOX);
    const claims = events
      .filter(({ type }) => type === 'result')
      .map(({ data }) => data as { check?: string; well: boolean; pods: object[]; left: string[] })
      .find(({ check }) => check === 'claim');
    expect(claims, stderr).toMatchObject({
      well: true,
      pods: [{ node: 'v1', reads: 'v1', result: 'ok' }],
      left: [],
    });
    expect(await kubectl(['get', 'pv,namespaces', '-o', 'name'])).not.toMatch(/nfs-check|persistentvolume/);
    expect(await onHost('n1', `ls ${VOLUMES}`)).toBe('');
  });
});
