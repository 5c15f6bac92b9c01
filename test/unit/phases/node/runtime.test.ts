import { describe, expect, it } from 'vitest';
import { kubeletPhase } from '../../../../src/phases/node/kubelet.ts';
import {
  cgroupDriver,
  containerEndpoint,
  runtimeOf,
  runtimePackage,
  runtimePhase,
  runtimeUnit,
} from '../../../../src/phases/node/runtime.ts';
import {
  containerdConfig,
  dockerConfig,
  dockerLogins,
  proxyEnvironment,
  proxyFile,
  runtimeDropIn,
} from '../../../../src/phases/node/runtime-config.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { packagesPhase } from '../../../../src/phases/host/packages.ts';
import { hostOf, hostSaying, sight, worldOf } from '../world.ts';

const REDHAT = [
  '',
  '--exec-opt native.cgroupdriver=systemd \\',
  "OPTIONS='--selinux-enabled --log-driver=journald'",
  'DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "',
];
const debian = { facts: hostSaying('debian', {}) };

it.each<{ rootDir?: string }>([{}, { rootDir: '/data/kubelet' }])(
  'with logins of docker and %j no folder is two phases’',
  (kubelet) => {
    const registries = { 'registry.example.com': { username: 'robot', password: 'x' } };
    const world = worldOf({ inventory: { kubelet, runtime: { default: 'docker', registries } } });
    const host = hostOf(world, 'w1');
    const ids = [runtimePhase, kubeletPhase]
      .flatMap((phase) => phase.resources(world, host))
      .map(({ id }) => id);
    expect(ids).toContain('directory:/var/lib/kubelet');
    expect(ids).toContain(`directory:${kubelet.rootDir ?? '/var/lib/kubelet'}`);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  },
);

describe('the runtime of a host', () => {
  it('is docker on CentOS 7 and containerd on Debian', () => {
    const world = worldOf({ seen: { w2: debian } });
    const of = (name: string): unknown[] => {
      const host = hostOf(world, name);
      return [runtimeUnit(world, host), containerEndpoint(world, host), runtimePackage(world, host)];
    };
    expect(of('w1')).toEqual(['docker.service', undefined, 'docker']);
    expect(of('w2')).toEqual(['containerd.service', 'unix:///run/containerd/containerd.sock', 'containerd']);
  });

  it('is what the host says, else what the inventory says', () => {
    const world = worldOf({ inventory: { runtime: { default: 'containerd' } } });
    expect(runtimeOf(world, hostOf(world, 'w1'))).toBe('containerd');
    expect(runtimeOf(world, { ...hostOf(world, 'w1'), runtime: 'docker' })).toBe('docker');
  });

  it('comes from the package that is there already', () => {
    const world = worldOf({
      seen: { w1: { packages: { 'docker-ce': '20.10.24-3.el7', docker: 'absent' } } },
    });
    expect(runtimePackage(world, hostOf(world, 'w1'))).toBe('docker-ce');
  });

  it("has the cgroup driver of docker's command line, else cgroupfs", () => {
    const world = worldOf({ seen: { w1: { facts: hostSaying('centos', { docker: REDHAT }) } } });
    expect(cgroupDriver(world, hostOf(world, 'w1'))).toBe('systemd');
    expect(cgroupDriver(world, { ...hostOf(world, 'w1'), runtime: 'containerd' })).toBe('cgroupfs');
    expect(cgroupDriver(world, hostOf(world, 'w2'))).toBe('cgroupfs');
  });

  it('waits with daemon.json until it is known how docker is packaged', () => {
    const world = worldOf();
    const [config] = runtimePhase.resources(world, hostOf(world, 'w1'));
    expect(config?.diff(sight({ packages: { docker: 'absent' } }), new Map())).toMatchObject({
      kind: 'unknown',
      waitsFor: 'package docker',
    });
    expect(config?.diff(sight({ packages: { docker: '1.13.1' } }), new Map())).toMatchObject({
      kind: 'create',
    });
    expect(config?.watches).toContainEqual(expect.objectContaining({ kind: 'answer', key: 'facts' }));
  });

  it('is installed with what a node needs', () => {
    const world = worldOf({ inventory: { os: { packages: ['vim'] }, network: { proxyMode: 'ipvs' } } });
    const packages = packagesPhase.resources(world, hostOf(world, 'w1')).at(-1);
    expect(packages?.diff(sight({}), new Map())).toMatchObject({
      summary: 'install conntrack-tools iptables socat ipset ipvsadm docker vim',
    });
    expect(packagesPhase.watch?.(world, hostOf(world, 'w1'))).toContainEqual({
      kind: 'package',
      key: 'docker-ce',
    });
  });
});

describe('daemon.json', () => {
  const config = (docker: readonly string[], runtime = {}): Record<string, unknown> => {
    const world = worldOf({
      inventory: { runtime },
      seen: { w1: { facts: hostSaying('centos', { docker }) } },
    });
    return JSON.parse(dockerConfig(world.inventory, world.facts('w1').dockerOptions)) as Record<
      string,
      unknown
    >;
  };

  it('is complete for a docker without options', () => {
    expect(config(['', 'ExecStart=/usr/bin/dockerd -H fd://'])).toEqual({
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
      bridge: 'none',
      iptables: false,
      'live-restore': true,
      'log-driver': 'json-file',
      'log-opts': { 'max-size': '20m', 'max-file': '5' },
      'storage-driver': 'overlay2',
    });
  });

  it("leaves out what Red Hat's package has on the command line", () => {
    expect(config(REDHAT)).toEqual({ bridge: 'none', iptables: false, 'live-restore': true });
  });

  it('has mirrors of docker.io only', () => {
    const mirrors = { 'docker.io': ['http://a.test'], 'k8s.gcr.io': ['http://b.test'] };
    expect(config([], { mirrors, insecureRegistries: ['c.test:5000'] })).toMatchObject({
      'registry-mirrors': ['http://a.test'],
      'insecure-registries': ['c.test:5000'],
    });
  });
});

describe('logins at registries', () => {
  const runtime = {
    registries: {
      'r.test:5000': { username: 'robot', password: 'correct "horse"' },
      'docker.io': { username: 'hub', password: 'x' },
    },
  };
  const written = (of: object, host: string): Map<string, Change> => {
    const world = worldOf({ inventory: { runtime: { ...runtime, ...of } } });
    const seen = sight({ packages: { docker: '1.13', containerd: '1.6', 'containerd.io': '1.6' } });
    return new Map(
      runtimePhase
        .resources(world, hostOf(world, host))
        .map((resource) => [resource.id, resource.diff(seen, new Map())]),
    );
  };

  it('are in containerd’s own file, which is then a secret one', () => {
    const { inventory } = worldOf({ inventory: { runtime } });
    const text = containerdConfig(inventory);
    expect(text).toContain(
      'registry.configs."r.test:5000".auth]\n    username = "robot"\n    password = "correct \\"horse\\""\n',
    );
    expect(text).toContain('registry.configs."registry-1.docker.io".auth]\n    username = "hub"\n');
    const config = written({ default: 'containerd' }, 'w1').get('file:/etc/containerd/config.toml');
    expect(config).toEqual({
      kind: 'create',
      summary: expect.stringMatching(/^secret, \d+ bytes$/) as string,
    });
    expect(
      written({ default: 'containerd', registries: {} }, 'w1').get('file:/etc/containerd/config.toml'),
    ).toHaveProperty('text');
  });

  it('are where kubelet looks for them, with docker', () => {
    const { inventory } = worldOf({ inventory: { runtime } });
    expect(JSON.parse(dockerLogins(inventory))).toEqual({
      auths: {
        'r.test:5000': { auth: Buffer.from('robot:correct "horse"').toString('base64') },
        'https://index.docker.io/v1/': { auth: Buffer.from('hub:x').toString('base64') },
      },
    });
    const found = written({ default: 'docker' }, 'w1');
    expect(found.get('file:/var/lib/kubelet/config.json')).toMatchObject({
      summary: expect.stringMatching(/^secret/) as string,
    });
    expect(found.get('file:/etc/docker/daemon.json')).toHaveProperty('text');
    expect([...written({ default: 'docker', registries: {} }, 'w1').keys()]).not.toContain(
      'file:/var/lib/kubelet/config.json',
    );
  });
});

describe("containerd's config.toml", () => {
  it('has the pause image, registries and the folders of CNI', () => {
    const { inventory } = worldOf({
      inventory: {
        images: { pause: 'r.test:5000/pause:3.1' },
        runtime: {
          restrictOomScoreAdj: true,
          mirrors: { 'docker.io': ['https://a.test', 'http://b.test'] },
          insecureRegistries: ['r.test:5000'],
        },
      },
    });
    const text = containerdConfig(inventory);
    const section = (name: string): string =>
      new RegExp(`^ *\\[${name.replaceAll(/[.[\]"]/g, '\\$&')}\\]\\n((?: +[^[ ].*\\n)+)`, 'm')
        .exec(text)?.[1]
        ?.replaceAll(/^ +/gm, '') ?? '';
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    expect(text).toMatch(/^# .*\nversion = 2\n/);
    expect(section(cri)).toBe('sandbox_image = "r.test:5000/pause:3.1"\nrestrict_oom_score_adj = true\n');
    expect(section(`${cri}.cni`)).toBe('bin_dir = "/opt/cni/bin"\nconf_dir = "/etc/cni/net.d"\n');
    expect(section(`${cri}.containerd.runtimes.runc.options`)).toBe('SystemdCgroup = false\n');
    expect(section(`${cri}.registry.mirrors."docker.io"`)).toBe(
      'endpoint = ["https://a.test", "http://b.test"]\n',
    );
    expect(section(`${cri}.registry.mirrors."r.test:5000"`)).toBe(
      'endpoint = ["https://r.test:5000", "http://r.test:5000"]\n',
    );
    expect(section(`${cri}.registry.configs."r.test:5000".tls`)).toBe('insecure_skip_verify = true\n');
  });
});

describe('the drop-in', () => {
  const proxy = {
    http: 'http://user:p%40ss@proxy.test:3128',
    https: 'http://proxy.test:3128',
    noProxy: ['.corp.test'],
  };
  const { inventory } = worldOf({ inventory: { proxy } });

  it('names the revision, the proxy and what goes past it', () => {
    const text = runtimeDropIn('docker.service', '/rev/docker.service', '/etc/proxy.env');
    expect(text).toContain('\nEnvironmentFile=-/rev/docker.service\nEnvironmentFile=/etc/proxy.env\n');
    expect(proxyFile(inventory)).toMatch(/^HTTP_PROXY="http:\/\/user:p%40ss@proxy[.]test:3128"\n/);
    expect(text).toContain('\nExecStartPost=/usr/sbin/iptables -w -P FORWARD ACCEPT\n');
    expect(Object.fromEntries(proxyEnvironment(inventory))['NO_PROXY']).toBe(
      'localhost,127.0.0.1,m1,192.0.2.11,w1,192.0.2.12,w2,192.0.2.13,10.244.0.0/16,10.96.0.0/16,.svc,.cluster.local,.corp.test',
    );
  });

  it('hides a password', () => {
    const world = worldOf({ inventory: { proxy } });
    const resources = runtimePhase.resources(world, hostOf(world, 'w1'));
    const diffs = resources.map((one) => [one.id, JSON.stringify(one.diff(sight({}), new Map()))] as const);
    for (const [id, diff] of diffs) expect(diff, id).not.toContain('p%');
    const environment = resources.find(({ id }) => id.endsWith('/proxy.env'));
    expect(environment?.watches).toContainEqual(expect.objectContaining({ read: 'secret' }));
    // systemd tells everybody what a unit has as Environment=.
    const [, unit = ''] = diffs.find(([id]) => id.endsWith('10-k8s-bootstrap.conf')) ?? [];
    expect(unit).not.toContain('proxy.test');
    expect(unit).toContain('/proxy.env');
  });

  it('of containerd touches no firewall', () => {
    expect(runtimeDropIn('containerd.service', '/r', undefined)).not.toContain('iptables');
  });
});
