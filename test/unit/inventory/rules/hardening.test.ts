import { describe, expect, it } from 'vitest';
import { COMPONENTS, CONFIGURED, type ComponentName } from '../../../../src/kernel/components.ts';
import { readFlagTable } from '../../../../src/release/release-data.ts';
import { loadRelease } from '../../../../src/release/release.ts';
import { flagsFor } from '../../../../src/templates/flags.ts';
import { load } from '../load-text.ts';
import { known } from '../known.ts';

const release = loadRelease('v1.16.3');
const options = { ...known, release: () => release };
const inventory = (profile: string, text: string): string =>
  `name: a\nprofile: ${profile}\nhosts: [{ name: m1, address: 192.168.139.10, roles: [master, etcd, worker] }]\n${text}\n`;
/** What is refused, or warned of, in one line each. */
const told = async (profile: string, text: string): Promise<string[]> =>
  load(inventory(profile, text), options).then(
    ({ warnings }) =>
      warnings
        .filter(({ message }) => / with(?:out)? [^l]/.test(message))
        .map(({ message }) => `warning: ${message}`),
    (error: unknown) => (error as Error).message.split('\n').filter((line) => line.includes('is refused')),
  );

const api = (args: string): string => `apiServer: { extraArgs: { ${args} } }`;
const etcd = (args: string): string => `etcd: { extraArgs: { ${args} } }`;
const kubelet = (config: string): string => `kubelet: { config: { ${config} } }`;

describe('what opens a door', () => {
  it.each([
    [api('anonymous-auth: true'), '1.2.1'],
    [api('anonymous-auth: null'), '1.2.1'],
    [api('anonymous-auth: "t"'), '1.2.1'],
    [api('authorization-mode: AlwaysAllow'), '1.2.7'],
    [api('authorization-mode: "Node,RBAC, AlwaysAllow"'), '1.2.7'],
    [api('authorization-mode: null'), '1.2.7'],
    [api('authorization-mode: Node'), '1.2.9'],
    [api('enable-admission-plugins: "NodeRestriction,AlwaysAdmit"'), '1.2.11'],
    [api('disable-admission-plugins: NodeRestriction'), '1.2.17'],
    [api('audit-policy-file: null'), '3.2.1'],
    [api('audit-policy-file: ""'), '3.2.1'],
    [api('requestheader-allowed-names: null'), 'front proxy authority'],
    [api('requestheader-allowed-names: ""'), 'front proxy authority'],
    [api('client-ca-file: null'), '1.2.31'],
    [api('etcd-servers: http://192.168.139.10:2379'), '1.2.32'],
    [
      api('tls-cipher-suites: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA"'),
      '1.2.35',
    ],
    [etcd('client-cert-auth: "false"'), '2.2'],
    [etcd('client-cert-auth: null'), '2.2'],
    [etcd('peer-client-cert-auth: false'), '2.5'],
    [etcd('auto-tls: true'), '2.3'],
    [etcd('listen-client-urls: "https://192.168.139.10:2379,http://0.0.0.0:2379"'), '2.1'],
    [etcd('listen-peer-urls: http://0.0.0.0:2380'), '2.4'],
    ['controllerManager: { extraArgs: { port: 10252 } }', '1.3.7'],
    ['scheduler: { extraArgs: { bind-address: 0.0.0.0 } }', '1.4.2'],
    ['kubelet: { extraArgs: { anonymous-auth: true } }', '4.2.1'],
    ['kubelet: { extraArgs: { read-only-port: 10255 } }', '4.2.4'],
    [kubelet('authentication: { anonymous: { enabled: true } }'), '4.2.1'],
    [kubelet('authorization: { mode: AlwaysAllow }'), '4.2.2'],
    [kubelet('authentication: null'), '4.2.3'],
    [kubelet('authentication: { x509: { clientCAFile: null } }'), '4.2.3'],
    [kubelet('readOnlyPort: 10255'), '4.2.4'],
    [kubelet('streamingConnectionIdleTimeout: 0s'), '4.2.5'],
    [kubelet('tlsCipherSuites: [TLS_RSA_WITH_RC4_128_SHA]'), '4.2.13'],
    ['kubeProxy: { config: { enableProfiling: true } }', 'internals'],
  ])('%s is an error in cis, a warning in secure, and taught in the course', async (text, id) => {
    expect(await told('cis', text)).toContainEqual(
      expect.stringMatching(new RegExp(`is refused in profile cis: .*${id}`)),
    );
    expect(await told('secure', text)).toContainEqual(expect.stringMatching(new RegExp(`^warning: .*${id}`)));
    expect(await told('course', text)).toEqual([]);
  });

  it.each([
    api('basic-auth-file: /etc/kubernetes/users.csv'),
    api('token-auth-file: /etc/kubernetes/tokens.csv'),
    api('insecure-port: 8080'),
    api('insecure-bind-address: 0.0.0.0'),
  ])('%s is for the course alone', async (text) => {
    expect(await told('secure', text)).toHaveLength(1);
    expect(await told('cis', text)).toHaveLength(1);
    expect(await told('course', text)).toEqual([]);
  });

  it('is also found at a host', async () => {
    const text = 'defaults: { extraArgs: { kubelet: { anonymous-auth: true } } }';
    expect(await told('cis', text)).toHaveLength(1);
  });

  it.each([
    api('authorization-mode: "Node,RBAC,Webhook"'),
    api('audit-log-maxage: 90'),
    api('v: 4'),
    etcd('listen-metrics-urls: http://127.0.0.1:2381'),
    kubelet('authentication: { webhook: { cacheTTL: 5m } }'),
    kubelet('streamingConnectionIdleTimeout: 1h30m'),
  ])('%s opens none', async (text) => {
    expect(await told('cis', text)).toEqual([]);
    expect(await told('secure', text)).toEqual([]);
  });
});

describe('requirements', () => {
  const components: ComponentName[] = [...COMPONENTS];

  it.each(components)('of %s are about flags and fields that it has', (component) => {
    const { flags, fields } = release.hardening(component);
    for (const { name } of flags) expect(release.flag(component, name).known, name).toBe(true);
    for (const { name } of fields) {
      const configured = CONFIGURED.find((one) => one === component);
      const tree: unknown = configured && release.configFields(configured);
      const field = name.split('.').reduce((here, part) => (here as Record<string, unknown>)[part], tree);
      expect(field, name).toBeTypeOf('string');
    }
  });

  /** What the benchmark looks at there is a file or a name, not the value of the flag. */
  const NOT_BY_VALUE = [
    'admission-control-config-file',
    'config',
    'data-dir',
    'hostname-override',
    'kubeconfig',
    'request-timeout',
  ];

  it.each(components)('of %s are there for each flag that the benchmark names', (component) => {
    const required = new Set(release.hardening(component).flags.map(({ name }) => name));
    const named = Object.entries(readFlagTable('v1.16', component).set).flatMap(([flag, { cis }]) =>
      cis === undefined || NOT_BY_VALUE.includes(flag) ? [] : [flag],
    );
    expect(named.filter((flag) => !required.has(flag))).toEqual([]);
  });

  it.each(['secure', 'cis'])('are met by what profile %s sets itself', (profile) => {
    const broken = components.flatMap((component) => {
      const file = { minor: 'v1.16', component };
      const names = [
        'ip',
        'node',
        'bindAddress',
        'apiPort',
        'serviceCIDR',
        'podCIDR',
        'nodePortRange',
        'cluster',
        'signingCert',
      ];
      const further = [
        'signingKey',
        'shownCert',
        'shownKey',
        'containerRuntime',
        'containerEndpoint',
        'hostnameOverride',
        'pauseImage',
        'firstTaints',
        'rootDir',
        'data',
        'shownCert',
        'shownKey',
      ];
      const values = Object.fromEntries([...names, ...further].map((name) => [name, '1']));
      const flags = flagsFor(
        file,
        profile,
        { ...values, etcdServers: 'https://a', tokensFile: undefined },
        [],
      );
      return release
        .hardening(component)
        .flags.filter((one) => one.profile === undefined || one.profile === profile)
        .filter(({ name, isBroken }) => component !== 'kubelet' && isBroken(flags.get(name) ?? null))
        .map(({ name }) => `${component} ${name}`);
    });
    expect(broken).toEqual([]);
  });
});
