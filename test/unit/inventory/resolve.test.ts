import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Host, Inventory } from '../../../src/inventory/types.ts';
import { load } from './load-text.ts';

const MINIMUM = 'name: demo\nhosts: [{name: m1, address: 192.168.139.10}]\n';
const MASTER = '{name: m1, address: 192.168.139.10, roles: [master, etcd]}';

const inventoryOf = async (text: string): Promise<Inventory> => (await load(text)).inventory;
const hostsOf = async (text: string): Promise<readonly Host[]> =>
  (await inventoryOf(`name: demo\n${text}`)).hosts;

describe('defaults', () => {
  it('complete the smallest inventory', async () => {
    const { file, ...inventory } = await inventoryOf(MINIMUM);
    expect(file).toMatch(/^\/.*\/inventory\.yaml$/);
    expect(inventory).toEqual({
      name: 'demo',
      profile: 'secure',
      kubernetes: { version: 'v1.16.15', kubectl: 'v1.16.15', controllerKubectl: false },
      hosts: [
        {
          name: 'm1',
          address: '192.168.139.10',
          ip: '192.168.139.10',
          roles: ['master', 'etcd', 'worker'],
          labels: {},
          taints: [],
          ssh: {
            user: 'root',
            port: 22,
            keys: ['/home/me/.ssh/id_ed25519', '/home/me/.ssh/id_ecdsa', '/home/me/.ssh/id_rsa'],
            agent: true,
            passphrase: undefined,
            password: undefined,
            sudo: { enabled: false, password: undefined },
            hostKey: undefined,
            jump: undefined,
            connectTimeoutSeconds: 10,
            commandTimeoutSeconds: 600,
          },
          runtime: 'auto',
          setHostname: false,
          packages: [],
          sysctls: {},
          extraArgs: {},
        },
      ],
      network: {
        serviceCIDR: '10.96.0.0/16',
        podCIDR: '10.244.0.0/16',
        nodePrefix: 24,
        clusterDomain: 'cluster.local',
        dnsIP: '10.96.0.10',
        nodePortRange: '30000-32767',
        cni: 'bridge',
        cniVersion: 'v0.8.1',
        flannel: undefined,
        proxyMode: 'iptables',
      },
      addons: [],
      dns: { provider: 'coredns', upstream: undefined, replicas: 1, image: 'k8s.gcr.io/coredns:1.6.2' },
      etcd: { source: 'auto', version: 'v3.3.17', extraArgs: {} },
      apiServer: { port: 6443, certSANs: [], endpoint: undefined, balancer: 'none', extraArgs: {} },
      controllerManager: { extraArgs: {} },
      scheduler: { extraArgs: {} },
      kubelet: { extraArgs: {}, config: {} },
      kubeProxy: { extraArgs: {}, config: {} },
      runtime: {
        default: 'auto',
        mirrors: {},
        insecureRegistries: [],
        registries: {},
        restrictOomScoreAdj: false,
      },
      images: { pause: 'k8s.gcr.io/pause:3.1', mirrors: {} },
      artifacts: {
        mirrors: [],
        onlyMirrors: false,
        fetch: 'controller',
        checksums: undefined,
        cache: undefined,
      },
      os: {
        firewall: 'open-ports',
        selinux: 'keep',
        swap: 'off',
        packages: [],
        sysctls: {},
        hosts: {},
        hostsFromInventory: false,
        timeServers: [],
        acceptDropIns: [],
      },
      pki: { keyBits: 2048, caKeys: 'masters', renewBeforeDays: 30 },
      users: [],
      proxy: undefined,
      hooks: [],
      concurrency: 30,
    });
  });

  it.each([
    ['', { endpoint: undefined, balancer: 'local', keepalived: undefined }],
    ['endpoint: api.test', { endpoint: 'api.test', balancer: 'external' }],
    [
      'keepalived: {vip: 192.0.2.9}',
      { endpoint: '192.0.2.9', balancer: 'local', keepalived: { vip: '192.0.2.9', interface: undefined } },
    ],
    [
      'keepalived: {vip: 192.0.2.9, interface: eth1}, endpoint: 192.0.2.9',
      { endpoint: '192.0.2.9', balancer: 'local', keepalived: { vip: '192.0.2.9', interface: 'eth1' } },
    ],
  ])('lead users and nodes of several masters by apiServer: {%s}', async (written, wanted) => {
    const masters =
      "name: a\nhosts: [{ name: 'm[1-3]', address: '192.0.2.[11-13]', roles: [master, etcd] }]\n";
    const { apiServer } = await inventoryOf(`${masters}apiServer: {${written}}\n`);
    expect(apiServer).toMatchObject(wanted);
  });

  it('follow other values: kubectl the version, dnsIP the service range, sudo the user', async () => {
    const { kubernetes, network, hosts } = await inventoryOf(
      `${MINIMUM}kubernetes: {version: 1.16.3}\nnetwork: {serviceCIDR: 10.0.0.0/16}\nssh: {user: centos}\n`,
    );
    expect(kubernetes).toMatchObject({ version: 'v1.16.3', kubectl: 'v1.16.3' });
    expect(network.dnsIP).toBe('10.0.0.10');
    expect(hosts[0]!.ssh.sudo.enabled).toBe(true);
  });

  it('leave nothing that can be changed by accident', async () => {
    const inventory = await inventoryOf(
      `${MINIMUM}kubelet: {config: {evictionHard: {memory.available: 1Gi}}}\n`,
    );
    const open = (value: unknown): unknown[] => {
      if (typeof value !== 'object' || value === null) return [];
      return [...(Object.isFrozen(value) ? [] : [value]), ...Object.values(value).flatMap(open)];
    };
    expect(open(inventory)).toEqual([]);
  });
});

describe('ranges and groups', () => {
  it('expand in step, zero padding kept', async () => {
    const hosts = await hostsOf(
      `hosts: [${MASTER}, {name: 'w[08-10].example.com', address: '192.168.139.[21-23]', roles: [worker]}]`,
    );
    expect(hosts.slice(1).map(({ name, ip }) => [name, ip])).toEqual([
      ['w08.example.com', '192.168.139.21'],
      ['w09.example.com', '192.168.139.22'],
      ['w10.example.com', '192.168.139.23'],
    ]);
  });

  it('give the node address by ip, when the address is a name', async () => {
    const [, host] = await hostsOf(
      `hosts: [${MASTER}, {name: w1, address: w1.example.com, ip: 10.1.2.3, roles: [worker]}]`,
    );
    expect(host).toMatchObject({ address: 'w1.example.com', ip: '10.1.2.3' });
  });

  it('merge mappings and replace the rest: top, defaults, group, host', async () => {
    const [, host] = await hostsOf(`
hosts:
  - ${MASTER}
  - name: w1
    address: 192.168.139.21
    group: big
    labels: {d: host}
    ssh: {port: 4}
    extraArgs: {kubelet: {v: 4}}
groups:
  big: {roles: [worker], labels: {c: group, d: group}, taints: ['a=b:NoSchedule'], ssh: {port: 3, user: three},
        extraArgs: {kubelet: {v: 3, max-pods: 3}, kube-proxy: {v: 3}}, packages: [tcpdump]}
defaults: {labels: {b: default, c: default}, taints: ['x:NoExecute'], ssh: {user: two, agent: false}, setHostname: true,
        packages: [strace], sysctls: {vm.swappiness: 1}}
ssh: {user: one, port: 1, connectTimeoutSeconds: 5, sudo: {password: secret}}
os: {packages: [bridge-utils], sysctls: {vm.swappiness: 0, fs.file-max: 0100}}
`);
    expect(host).toMatchObject({
      roles: ['worker'],
      labels: { b: 'default', c: 'group', d: 'host' },
      taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
      ssh: { user: 'three', port: 4, agent: false, connectTimeoutSeconds: 5, sudo: { enabled: true } },
      extraArgs: { kubelet: { v: '4', 'max-pods': '3' }, 'kube-proxy': { v: '3' } },
      setHostname: true,
      packages: ['bridge-utils', 'tcpdump'],
      sysctls: { 'vm.swappiness': '1', 'fs.file-max': '0100' },
    });
    expect(host!.ssh.sudo.password!.reveal()).toBe('secret');
  });

  it('read taints as text or mapping', async () => {
    const [host] = await hostsOf(
      "hosts: [{name: a, address: 1.2.3.4, taints: ['k=v:NoSchedule', 'k2:NoExecute', {key: k3, effect: PreferNoSchedule}]}]",
    );
    expect(host!.taints).toEqual([
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      { key: 'k2', value: '', effect: 'NoExecute' },
      { key: 'k3', value: '', effect: 'PreferNoSchedule' },
    ]);
  });
});

describe('jump hosts', () => {
  it('are reached directly themselves, when all hosts go through them', async () => {
    const hosts = await hostsOf(
      `ssh: {jump: m1}\nhosts: [${MASTER}, {name: w1, address: 192.168.139.21, roles: [worker]}]`,
    );
    expect(hosts.map(({ ssh }) => ssh.jump)).toEqual([undefined, { host: 'm1' }]);
  });

  it('can be switched off for one host', async () => {
    const [host] = await hostsOf(
      'ssh: {jump: {address: bastion.example.com}}\nhosts: [{name: a, address: 1.2.3.4, ssh: {jump: null}}]',
    );
    expect(host!.ssh.jump).toBeUndefined();
  });

  it('of their own share keys and timeouts, but neither user nor password', async () => {
    const [host] = await hostsOf(
      'ssh: {user: centos, password: hunter2, keys: [~/k, id], connectTimeoutSeconds: 3, jump: {address: bastion, port: 2222}}\n' +
        'hosts: [{name: a, address: 1.2.3.4}]',
    );
    const jump = host!.ssh.jump as { address: string; ssh: Host['ssh'] };
    expect(jump).toMatchObject({
      address: 'bastion',
      ssh: {
        user: 'root',
        port: 2222,
        keys: host!.ssh.keys,
        connectTimeoutSeconds: 3,
        sudo: { enabled: false },
      },
    });
    expect(jump.ssh.password).toBeUndefined();
  });
});

describe('values', () => {
  it('of flags stay as written; null takes a flag away', async () => {
    const { kubelet } = await inventoryOf(
      `${MINIMUM}kubelet: {extraArgs: {v: 0644, max-pods: 1.10, runtime-cgroups: true, kubelet-cgroups: null}}\n`,
    );
    expect(kubelet.extraArgs).toEqual({
      v: '0644',
      'max-pods': '1.10',
      'runtime-cgroups': 'true',
      'kubelet-cgroups': null,
    });
  });

  it('come from the environment only where asked, and only as a whole', async () => {
    const { hosts, kubelet } = await inventoryOf(
      'name: demo\n' +
        'hosts: [{name: m1, address: "${env:M1}", ssh: {password: "${env:NODE_PASSWORD}", user: "a${env:M1}"}}]\n' +
        'kubelet: {extraArgs: {runtime-cgroups: "${env:M1}"}}\n',
    );
    expect(hosts[0]).toMatchObject({
      address: '192.168.139.10',
      ip: '192.168.139.10',
      ssh: { user: 'a${env:M1}' },
    });
    expect(hosts[0]!.ssh.password!.reveal()).toBe('correct horse');
    expect(String(hosts[0]!.ssh.password)).toBe('***');
    expect(kubelet.extraArgs['runtime-cgroups']).toBe('${env:M1}');
  });

  it('that are paths start at the inventory or at home', async () => {
    const { file, artifacts, hosts } = await inventoryOf(
      `${MINIMUM}artifacts: {mirrors: ['https://mirror.example.com/k8s/', ./binaries], checksums: sums.txt, cache: ~/cache}\nssh: {keys: [keys/id, /abs/id]}\n`,
    );
    const folder = dirname(file);
    expect(artifacts).toMatchObject({
      mirrors: ['https://mirror.example.com/k8s', join(folder, 'binaries')],
      checksums: join(folder, 'sums.txt'),
      cache: '/home/me/cache',
    });
    expect(hosts[0]!.ssh.keys).toEqual([join(folder, 'keys/id'), '/abs/id']);
  });
});
