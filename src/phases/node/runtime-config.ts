import type { Inventory, Proxy } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';

const DOCKER_HUB = 'docker.io';
const CRI = 'plugins."io.containerd.grpc.v1.cri"';

/**
 * daemon.json. Docker refuses to start when an option is given there and on its command line too, so what the
 * package has put on the command line is left out. Pods have their network from CNI plugins: docker makes none.
 * https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
 */
export function dockerConfig({ runtime }: Inventory, commandLine: ReadonlyMap<string, string>): string {
  const settings: { flags: string[]; config: Record<string, unknown> }[] = [
    { flags: ['exec-opt'], config: { 'exec-opts': ['native.cgroupdriver=cgroupfs'] } },
    { flags: ['bridge'], config: { bridge: 'none' } },
    { flags: ['iptables'], config: { iptables: false } },
    { flags: ['live-restore'], config: { 'live-restore': true } },
    // kubelet 1.16 rotates no logs of docker's.
    {
      flags: ['log-driver', 'log-opt'],
      config: { 'log-driver': 'json-file', 'log-opts': { 'max-size': '20m', 'max-file': '5' } },
    },
    { flags: ['storage-driver'], config: { 'storage-driver': 'overlay2' } },
    {
      flags: ['data-root', 'graph'],
      config: runtime.dataDir === undefined ? {} : { 'data-root': runtime.dataDir },
    },
    { flags: ['registry-mirror'], config: listed('registry-mirrors', runtime.mirrors['docker.io']) },
    { flags: ['insecure-registry'], config: listed('insecure-registries', runtime.insecureRegistries) },
  ];
  const ours = settings.filter(({ flags }) => !flags.some((flag) => commandLine.has(flag)));
  return `${JSON.stringify(Object.assign({}, ...ours.map(({ config }) => config)), null, 2)}\n`;
}

/**
 * config.toml, of the second version, with registries in the form that containerd 1.4 to 1.7 all read.
 * https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md
 */
export function containerdConfig({ runtime, images }: Inventory): string {
  const { mirrors, insecureRegistries, registries } = runtime;
  const insecure = insecureRegistries.filter((registry) => !(registry in mirrors));
  const endpoints = [
    ...Object.entries(mirrors),
    // Like docker: over HTTPS without checking who it is, then over HTTP.
    ...insecure.map((registry): [string, string[]] => [
      registry,
      [`https://${registry}`, `http://${registry}`],
    ]),
  ];
  return `${[
    '# Written by k8s-bootstrap.',
    'version = 2',
    ...(runtime.dataDir === undefined ? [] : [`root = ${toml(runtime.dataDir)}`]),
    '',
    `[${CRI}]`,
    `  sandbox_image = ${toml(images.pause)}`,
    `  restrict_oom_score_adj = ${runtime.restrictOomScoreAdj}`,
    `  [${CRI}.cni]`,
    `    bin_dir = ${toml(paths.cniBin)}`,
    `    conf_dir = ${toml(paths.cniConfig)}`,
    `  [${CRI}.containerd.runtimes.runc]`,
    '    runtime_type = "io.containerd.runc.v2"',
    `    [${CRI}.containerd.runtimes.runc.options]`,
    '      SystemdCgroup = false',
    ...endpoints.flatMap(([registry, urls]) => [
      `  [${CRI}.registry.mirrors.${toml(registry)}]`,
      `    endpoint = [${urls.map(toml).join(', ')}]`,
    ]),
    ...insecureRegistries.flatMap((registry) => [
      `  [${CRI}.registry.configs.${toml(registry)}.tls]`,
      '    insecure_skip_verify = true',
    ]),
    ...Object.entries(registries).flatMap(([registry, { username, password }]) => [
      `  [${CRI}.registry.configs.${toml(registry === DOCKER_HUB ? 'registry-1.docker.io' : registry)}.auth]`,
      `    username = ${toml(username)}`,
      `    password = ${toml(password.reveal())}`,
    ]),
  ].join('\n')}\n`;
}

/**
 * config.json of kubelet's root folder, by which it pulls for docker, and docker's client with `--config` too. It is read
 * again every 5 minutes. https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/credentialprovider/config.go
 */
export const dockerLogins = ({ runtime }: Inventory): string =>
  `${JSON.stringify(
    {
      auths: Object.fromEntries(
        Object.entries(runtime.registries).map(([registry, { username, password }]) => [
          registry === DOCKER_HUB ? 'https://index.docker.io/v1/' : registry,
          { auth: Buffer.from(`${username}:${password.reveal()}`).toString('base64') },
        ]),
      ),
    },
    null,
    2,
  )}\n`;

/** Whether images are pulled from a registry that asks who pulls. */
export const hasLogins = ({ runtime }: Inventory): boolean => Object.keys(runtime.registries).length > 0;

/** What is added to the package's own unit. @param environmentFile with the web proxy, where there is one */
export function runtimeDropIn(
  unit: string,
  revisionFile: string,
  environmentFile: string | undefined,
): string {
  return `${[
    '# Written by k8s-bootstrap.',
    '[Service]',
    `EnvironmentFile=-${revisionFile}`,
    ...(environmentFile === undefined ? [] : [`EnvironmentFile=${environmentFile}`]),
    // An older docker, or one that was configured otherwise before, drops what pods forward.
    ...(unit === 'docker.service' ? ['ExecStartPost=/usr/sbin/iptables -w -P FORWARD ACCEPT'] : []),
  ].join('\n')}\n`;
}

/**
 * What the unit reads its web proxy from. What stands in a unit itself, systemd tells everybody on the host (systemctl
 * show), however few may read its file. Quoting is that of systemd.exec(5), EnvironmentFile=.
 */
export const proxyFile = (inventory: Inventory): string =>
  proxyEnvironment(inventory)
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"\n`)
    .join('');

/** Variables that point at the inventory's web proxy; what is inside the cluster goes past it. */
export function proxyEnvironment({ proxy, hosts, network }: Inventory): [name: string, value: string][] {
  if (!proxy) return [];
  const past = [
    'localhost',
    '127.0.0.1',
    ...hosts.flatMap(({ name, address, ip }) => [name, address, ip]),
    network.podCIDR,
    network.serviceCIDR,
    '.svc',
    `.${network.clusterDomain}`,
    ...proxy.noProxy,
  ];
  return [
    ...(proxy.http === undefined ? [] : [['HTTP_PROXY', proxy.http] as [string, string]]),
    ...(proxy.https === undefined ? [] : [['HTTPS_PROXY', proxy.https] as [string, string]]),
    ['NO_PROXY', [...new Set(past)].join(',')],
  ];
}

/** Whether an address of the proxy holds a user or password. */
export const hasCredentials = (proxy: Proxy | undefined): boolean =>
  [proxy?.http, proxy?.https].some((url) => url?.includes('@'));

const listed = (key: string, values: readonly string[] | undefined): Record<string, unknown> =>
  values === undefined || values.length === 0 ? {} : { [key]: values };

/** A basic string of TOML has the escapes of JSON. */
const toml = (text: string): string => JSON.stringify(text);
