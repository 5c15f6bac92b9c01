import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STAYS, differences, picture } from '../support/host-picture.ts';
import { eventually } from '../support/kubectl.ts';
import { addressOf, lab, labInventory, onHost, settings } from '../support/lab.ts';
import { SLOW, VOLUMES } from '../support/nfs.ts';
import { WELL, done, scene } from '../support/scene.ts';

/** A virtual machine that is the whole cluster, by ipvs, with volumes on another that serves them; then nothing of it. */

const MACHINES = ['v1', 'n1'] as const;

/** @param allowExisting whether files in the folders of exports are for their clients */
function inventory(allowExisting = false): string {
  const common = load(labInventory('--nfs')) as Record<string, object> & {
    readonly nfs: { readonly exports: readonly object[] };
  };
  return dump({
    ...common,
    name: 'stored',
    hosts: [
      { name: 'v1', address: addressOf('v1'), roles: ['master', 'etcd', 'worker'], runtime: 'containerd' },
      { name: 'n1', address: addressOf('n1'), roles: ['nfs'] },
    ],
    network: { ...common['network'], proxyMode: 'ipvs' },
    nfs: { ...common.nfs, exports: common.nfs.exports.map((one) => ({ ...one, allowExisting })) },
  });
}

const PODS = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'kept' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Mi' } } },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: `${settings.controller}:5000/busybox:1.31`,
            command: ['sh', '-c', 'echo written > /data/by; exec httpd -f -p 80 -h /data'],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'kept' } }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, nodePort: 30080 }] },
    },
  ],
};

const kubectl = (words: string, stdin = ''): Promise<string> =>
  onHost(
    'v1',
    `${stdin}/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/tmp/kube-cache ${words}`,
  );

/** What stays of storage, too: packages, and data, which nobody told it to delete. */
const MAY_DIFFER = [
  ...STAYS,
  /^[-+] (?:file|sum|unit) .*(?:nfs|rpc|gssd|idmapd|ipvs|ipset)/,
  /^[-+] file \/etc\/(?:exports|request-key)/,
  /^[-+] mount \/proc\/sys\/fs\/binfmt_misc /,
  /^[-+] account (?:rpcuser|rpc|statd|_rpc):/,
  new RegExp(`^[-+] file (?:${VOLUMES}|/srv)`),
];

const here = scene('stored');
const before = new Map<string, Set<string>>();

beforeAll(async () => {
  await lab('up', '--nfs');
  for (const machine of MACHINES) {
    await lab('wipe', machine);
    // ssh is there long before firewalld has its rules in the kernel.
    await onHost(machine, 'systemctl is-system-running --wait > /dev/null || :');
    before.set(machine, await picture(machine));
  }
  here.write(inventory());
}, SLOW);

afterAll(async () => {
  here.remove();
  for (const machine of MACHINES) {
    await lab('wipe', machine);
    await lab('poweroff', machine);
  }
}, SLOW);

test(
  'a host with a claimed volume mounted, and services by ipvs, is what it was; the data stays',
  async () => {
    expect(done(await here.run(['up', '--accept-new-host-keys']))).toEqual(WELL);
    await eventually(() => kubectl('get sa default'));
    await kubectl('apply -f -', `printf %s '${JSON.stringify(PODS)}' | `);
    await kubectl('wait --for=condition=Ready pod/web --timeout=300s');
    // The pod is there before kube-proxy, on a machine as slow as this, has made the way to it.
    expect(await eventually(() => onHost('v1', `curl -sS http://${addressOf('v1')}:30080/by`))).toBe(
      'written\n',
    );
    expect(await onHost('v1', `grep -c ' nfs4* ' /proc/mounts; ipvsadm -ln | grep -c ':30080 rr'`)).toMatch(
      /^[1-9]\d*\n[1-9]\d*\n$/,
    );
    await onHost('v1', 'rm -rf /tmp/kube-cache');

    expect(done(await here.run(['reset', '--yes', 'stored']))).toEqual(WELL);
    expect(await onHost('n1', `cat ${VOLUMES}/default-kept-*/by`)).toBe('written\n');
    for (const machine of MACHINES) {
      const found = differences(before.get(machine)!, await picture(machine));
      expect(found.filter((line) => !MAY_DIFFER.some((pattern) => pattern.test(line)))).toEqual([]);
    }
  },
  SLOW,
);

test(
  'and takes a cluster again, when somebody says that what lies in the exports may be there',
  async () => {
    here.write(inventory(true));
    expect(done(await here.run(['up']))).toEqual(WELL);
  },
  SLOW,
);
