import fc from 'fast-check';

/** Where the artifacts of a generated cluster are. */
export interface Ground {
  readonly mirror: string;
}

/** An inventory as it is parsed from YAML. */
export type Written = Readonly<Record<string, unknown>>;

/** Inventories that the program takes: every field is one that the schema knows, with a value that its rules allow. */
export const inventories = (ground: Ground): fc.Arbitrary<Written> =>
  fc
    .record({
      masters: fc.constantFrom(1, 1, 2, 3),
      workers: fc.integer({ min: 0, max: 2 }),
      masterRoles: fc.constantFrom<string[]>(['master', 'etcd'], ['master', 'etcd', 'worker']),
      profile: fc.constantFrom('secure', 'cis', 'course'),
      sections: fc.record(SECTIONS, { requiredKeys: [] }),
      dns: fc.option(DNS),
      host: fc.record(HOST, { requiredKeys: [] }),
      network: fc.record(NETWORK, { requiredKeys: [] }),
      addons: fc.subarray(['metrics-server', 'dashboard', 'ingress-nginx', 'prometheus', 'helm']),
    })
    .map(({ masters, workers, masterRoles, profile, sections, dns, host, network, addons }) => {
      // Pods need a node, and an add-on two things that the course does without.
      const roles =
        workers === 0 && !masterRoles.includes('worker') ? [...masterRoles, 'worker'] : masterRoles;
      const hosts = [
        ...Array.from({ length: masters }, (_, index) => ({ name: `m${index + 1}`, roles })),
        ...Array.from({ length: workers }, (_, index) => ({
          name: `w${index + 1}`,
          roles: ['worker'],
          ...host,
        })),
      ];
      const hasAddons = profile !== 'course' && network['cni'] !== 'none';
      // Profile cis lets none use the network of its nodes, and the dashboard comes with metrics-server alone.
      const allowed = addons
        .filter((name) => profile !== 'cis' || name !== 'ingress-nginx')
        .filter((name) => name !== 'dashboard' || addons.includes('metrics-server'));
      return {
        name: 'generated',
        profile,
        kubernetes: { version: 'v1.16.3' },
        hosts: hosts.map((one, index) => ({ ...one, address: `198.18.0.${index + 11}` })),
        network,
        ...(hasAddons && { addons: Object.fromEntries(allowed.map((name) => [name, ADDONS[name] ?? {}])) }),
        ...(profile !== 'course' && dns && { dns }),
        ...sections,
        artifacts: {
          mirrors: [ground.mirror],
          onlyMirrors: true,
          checksums: `${ground.mirror}/SHA256SUMS.yaml`,
        },
      };
    });

const HOST = {
  labels: fc.dictionary(
    fc.constantFrom('disk', 'example.com/zone', 'tier'),
    fc.constantFrom('ssd', 'a-1', ''),
  ),
  taints: fc.subarray(['dedicated=db:NoSchedule', 'slow:PreferNoSchedule', 'gone=yes:NoExecute']),
  runtime: fc.constantFrom('docker', 'containerd', 'auto'),
  setHostname: fc.boolean(),
  sysctls: fc.constant({ 'net.core.somaxconn': 4096 }),
  extraArgs: fc.constantFrom({ kubelet: { 'max-pods': '80' } }, { 'kube-proxy': { v: '4' } }),
};

const NETWORK = {
  cni: fc.constantFrom('bridge', 'none'),
  proxyMode: fc.constantFrom('iptables', 'ipvs'),
  nodePrefix: fc.constantFrom(24, 25, 26),
  clusterDomain: fc.constantFrom('cluster.local', 'k8s.example.com.'),
  nodePortRange: fc.constantFrom('30000-32767', '20000-22767'),
};

const user = fc.record(
  {
    groups: fc.subarray(['dev', 'ops']),
    role: fc.constantFrom('admin', 'view', 'deployer', {
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    namespaces: fc.constantFrom(['default'], ['team-a', 'team-b']),
    clusterRole: fc.constant('view'),
  },
  { requiredKeys: [] },
);

const DNS = fc.constantFrom<object>(
  { provider: 'none' },
  { replicas: 1 },
  { upstream: ['198.18.0.254'] },
  { upstream: [] },
);

const SECTIONS = {
  etcd: fc.constantFrom(
    { backup: { every: '6h', keep: 3 } },
    { extraArgs: { 'heartbeat-interval': '200' } },
    { dataDir: '/srv/etcd' },
  ),
  apiServer: fc.record(
    {
      port: fc.constantFrom(6443, 7443),
      certSANs: fc.subarray(['k8s.example.com', '198.18.0.100']),
      balancer: fc.constantFrom('local', 'none'),
      keepalived: fc.constant({ vip: '198.18.0.99' }),
      extraArgs: fc.constant({ 'audit-log-maxage': 60 }),
    },
    { requiredKeys: [] },
  ),
  controllerManager: fc.constant({ extraArgs: { v: 4 } }),
  scheduler: fc.constant({ extraArgs: { 'kube-api-qps': 60 } }),
  kubelet: fc.constantFrom(
    { config: { evictionHard: { 'memory.available': '200Mi' } } },
    { rootDir: '/srv/kubelet' },
    { extraArgs: { v: 3 } },
  ),
  kubeProxy: fc.constantFrom({ config: { conntrack: { maxPerCore: 0 } } }, { extraArgs: { v: 3 } }),
  runtime: fc.record(
    {
      default: fc.constantFrom('docker', 'containerd'),
      mirrors: fc.constant({ 'docker.io': ['https://mirror.example.com'] }),
      insecureRegistries: fc.constant(['198.18.0.254:5000']),
      registries: fc.constant({ 'guarded.example.com': { username: 'robot', password: 'robot-password' } }),
      dataDir: fc.constant('/srv/containers'),
      restrictOomScoreAdj: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  images: fc.constantFrom({ pause: 'registry.example.com/pause:3.1' }, { mirrors: {} }),
  os: fc.record(
    {
      firewall: fc.constantFrom('open-ports', 'ignore', 'disable'),
      swap: fc.constantFrom('off', 'ignore'),
      packages: fc.constant(['tmux']),
      sysctls: fc.constant({ 'vm.swappiness': 1 }),
      hosts: fc.constant({ 'registry.example.com': '198.18.0.254' }),
      hostsFromInventory: fc.boolean(),
      timeServers: fc.constant(['198.18.0.254']),
    },
    { requiredKeys: [] },
  ),
  pki: fc.constantFrom({ caKeys: 'controller' }, { renewBeforeDays: 60 }),
  users: fc
    .subarray(['ann', 'bob', 'cy'])
    .chain((names) => fc.tuple(...names.map((name) => user.map((its) => ({ name, ...its }))))),
  proxy: fc.constant({ http: 'http://proxy.example.com:3128', noProxy: ['.example.com'] }),
};

const ADDONS: Readonly<Record<string, object>> = {
  'ingress-nginx': { nodes: { disk: 'ssd' } },
};
