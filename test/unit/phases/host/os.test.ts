import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firewallPhase, openPorts, opened } from '../../../../src/phases/host/firewall.ts';
import { osPhase, sysctlsOf } from '../../../../src/phases/host/os.ts';
import { hostname, selinuxPermissive, swapOff } from '../../../../src/resources/os-settings.ts';
import type { Resource } from '../../../../src/resources/resource.ts';
import { hostOf, hostSaying, sight, worldOf } from '../world.ts';

const saying = (said: Parameters<typeof hostSaying>[1]) => sight({ facts: hostSaying('centos', said) });
const scripts = async (resource: Resource, said: Parameters<typeof hostSaying>[1]): Promise<string[]> => {
  const seen = saying(said);
  const steps = await resource.steps(resource.diff(seen, new Map()), seen);
  return steps.map((step) => (step.op === 'run' ? step.script : ''));
};
const ids = (world: ReturnType<typeof worldOf>, name: string): string[] =>
  osPhase.resources(world, hostOf(world, name)).map(({ id }) => id);

describe('settings of the system', () => {
  it('are left alone when they are right', () => {
    const seen = saying({
      uname: 'w1 3.10 x86_64',
      etcHostname: 'w1',
      selinux: '0',
      selinuxAtBoot: 'permissive',
    });
    for (const resource of [swapOff(), selinuxPermissive(), hostname('w1')]) {
      expect(resource.diff(seen, new Map())).toMatchObject({ kind: 'none' });
    }
  });

  it('say what will change', () => {
    const seen = saying({
      swap: '/dev/dm-1',
      swapAtBoot: '/dev/mapper/swap',
      swapUnit: 'x.swap',
      uname: 'old 3.10 x86_64',
      etcHostname: 'w1',
    });
    expect(swapOff().diff(seen, new Map())).toMatchObject({
      summary: 'turn off /dev/dm-1, comment out swap in /etc/fstab, disable x.swap',
    });
    expect(selinuxPermissive().diff(seen, new Map())).toMatchObject({
      summary: 'permissive, permissive at boot',
    });
    expect(hostname('w1').diff(seen, new Map())).toMatchObject({ summary: 'old → w1' });
  });

  it('never become ours to delete', () => {
    for (const resource of [swapOff(), selinuxPermissive(), hostname('w1')])
      expect(resource.owns).toBeUndefined();
  });
});

describe.each(['bash', 'dash'])('files of the system, edited by %s', (shell) => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const run = (script: string, path: string, functions = ''): void => {
    const here = script
      .replaceAll(path, join(folder, 'file'))
      .replaceAll('/var/lib/k8s-bootstrap', join(folder, 'state'));
    // Functions that come before the steps: a digest is written down for a reset, what is renamed is synced.
    const before = `edited() { :; }\nput() { mv -fT -- "$1" "$2"; }\n${functions}`;
    execFileSync(shell, ['-ec', `${before}\n${here}`], { stdio: 'pipe' });
  };
  const original = (): string => readFileSync(join(folder, 'state/originals', folder, 'file'), 'utf8');

  it('fstab loses its swap lines and nothing else', async () => {
    const before =
      '# swap on sda2\nUUID=1 / ext4 defaults 0 1\n/dev/sda2\tnone\tswap sw 0 0\n\n #/x none swap sw 0 0\n/swap swap swap defaults 0 0';
    writeFileSync(join(folder, 'file'), before, { mode: 0o640 });
    const [script = ''] = await scripts(swapOff(), { swapAtBoot: '/dev/sda2' });
    run(script, '/etc/fstab');
    const after = readFileSync(join(folder, 'file'), 'utf8');
    expect(after).toBe(
      '# swap on sda2\nUUID=1 / ext4 defaults 0 1\n#/dev/sda2\tnone\tswap sw 0 0\n\n #/x none swap sw 0 0\n#/swap swap swap defaults 0 0\n',
    );
    expect(statSync(join(folder, 'file')).mode & 0o777).toBe(0o640);
    run(script, '/etc/fstab');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe(after);
    expect(original()).toBe(before);
  });

  it('its original is never half of it, also after a disk that was full', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'UUID=1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n');
    const before = readFileSync(file, 'utf8');
    const [script = ''] = await scripts(swapOff(), { swapAtBoot: '/dev/sda2' });
    const full =
      'cp() { [ "$1" = -p ] || { for last; do :; done; printf UUID > "$last"; return 1; }; command cp "$@"; }';
    expect(() => {
      run(script, '/etc/fstab', full);
    }).toThrow();
    expect(readFileSync(file, 'utf8')).toBe(before);
    run(script, '/etc/fstab');
    expect(original()).toBe(before);
    expect(script, 'what is renamed was synced').not.toMatch(/\bmv\b/);
  });

  it('SELinux is permissive at boot', async () => {
    writeFileSync(join(folder, 'file'), '# SELINUX= can be\nSELINUX=enforcing\nSELINUXTYPE=targeted\n');
    const [, script = ''] = await scripts(selinuxPermissive(), {});
    run(script, '/etc/selinux/config');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe(
      '# SELINUX= can be\nSELINUX=permissive\nSELINUXTYPE=targeted\n',
    );
  });

  it('the host name is written, also where there was none', async () => {
    const [, script = ''] = await scripts(hostname('w1'), { uname: 'x 3.10 x86_64', etcHostname: '' });
    run(script, '/etc/hostname');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('w1\n');
    expect(existsSync(join(folder, 'state/originals', folder, 'file'))).toBe(false);
  });
});

describe('modules and parameters', () => {
  it('are set on nodes, modules first', () => {
    const found = ids(worldOf(), 'w1');
    expect(found.slice(0, 6)).toEqual([
      'swap',
      'file:/etc/modules-load.d/k8s-bootstrap.conf',
      'module:overlay',
      'module:br_netfilter',
      'module:nf_conntrack',
      'file:/etc/sysctl.d/99-k8s-bootstrap.conf',
    ]);
    expect(found).toContain('sysctl:vm.overcommit_memory');
    expect(ids(worldOf({ inventory: { network: { proxyMode: 'ipvs' } } }), 'w1')).toContain(
      'module:ip_vs_wrr',
    );
  });

  it('of kubelet are left to kubelet in profile course', () => {
    expect(ids(worldOf({ inventory: { profile: 'course' } }), 'w1')).not.toContain(
      'sysctl:vm.overcommit_memory',
    );
  });

  it('of the inventory win', () => {
    const world = worldOf({
      inventory: {
        os: { sysctls: { 'kernel.panic': '20', 'vm.swappiness': '1' } },
        defaults: { sysctls: { 'vm.swappiness': '0' } },
      },
    });
    expect(sysctlsOf(world, hostOf(world, 'w1'))).toMatchObject({
      'kernel.panic': '20',
      'vm.swappiness': '0',
      'net.ipv4.ip_forward': '1',
    });
  });

  it('are not touched on hosts without pods', () => {
    const hosts = [
      { name: 'm1', address: '192.0.2.11', roles: ['master'] },
      { name: 'e1', address: '192.0.2.12', roles: ['etcd'] },
    ];
    expect(ids(worldOf({ inventory: { hosts } }), 'e1')).toEqual([
      'without:k8s-bootstrap-keepalived.service',
    ]);
  });
});

describe('the firewall', () => {
  it('opens what the roles need', () => {
    const world = worldOf();
    const nodePorts = ['10250/tcp', '30000-32767/tcp', '30000-32767/udp'];
    expect(openPorts(world, hostOf(world, 'm1'))).toEqual(['6443/tcp', '2379/tcp', '2380/tcp', ...nodePorts]);
    expect(openPorts(world, hostOf(world, 'w1'))).toEqual(nodePorts);
  });

  it('opens on every node what add-ons answer on', () => {
    const world = worldOf({ inventory: { addons: { 'ingress-nginx': {} } } });
    for (const name of ['m1', 'w1'])
      expect(openPorts(world, hostOf(world, name))).toEqual(expect.arrayContaining(['80/tcp', '443/tcp']));
  });

  it.each([
    ['v4', ['2049/tcp']],
    ['all', ['2049/tcp', ...[111, 20_048, 662, 4045].flatMap((port) => [`${port}/tcp`, `${port}/udp`])]],
  ])('opens for NFS with protocol %s only %j', (protocol, expected) => {
    const hosts = [
      { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
      { name: 'n1', address: '192.0.2.14', roles: ['nfs'] },
    ];
    const world = worldOf({ inventory: { hosts, nfs: { protocol, exports: [{ path: '/nfsdata' }] } } });
    expect(openPorts(world, hostOf(world, 'n1'))).toEqual(expected);
    expect(openPorts(world, hostOf(world, 'm1'))).not.toContain('2049/tcp');
  });

  it.each([
    ['the nodes’ addresses', {}, ['192.0.2.11 2049/tcp']],
    ['a range', { clients: ['192.0.2.0/24'] }, ['192.0.2.0/24 2049/tcp']],
    ['a range and what is in it', { clients: ['192.0.2.9', '192.0.2.0/24'] }, ['192.0.2.0/24 2049/tcp']],
    ['a name: everybody', { clients: ['node1', '192.0.2.0/24'] }, []],
    ['too many: everybody', { clients: Array.from({ length: 17 }, (_, n) => `192.0.2.${n + 1}`) }, []],
  ])('opens NFS to %s', (_who, more, expected) => {
    const hosts = [
      { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
      { name: 'n1', address: '192.0.2.14', roles: ['nfs'] },
    ];
    const nfs = { protocol: 'v4', exports: [{ path: '/nfsdata' }], ...more };
    const world = worldOf({ inventory: { hosts, nfs } });
    const { ports, portsFor } = opened(world, hostOf(world, 'n1'));
    expect(portsFor.map(({ source, port }) => `${source} ${port}`)).toEqual(expected);
    expect(ports).toEqual(expected.length > 0 ? [] : ['2049/tcp']);
  });

  it.each([
    ['open-ports', ['firewall']],
    ['disable', ['service:firewalld.service']],
  ])('with os.firewall: %s is %j', (wanted, expected) => {
    const world = worldOf({ inventory: { os: { firewall: wanted } } });
    expect(firewallPhase.resources(world, hostOf(world, 'w1')).map(({ id }) => id)).toEqual(expected);
  });

  it('is nobody’s business when ignored', () => {
    expect(firewallPhase.hosts(worldOf({ inventory: { os: { firewall: 'ignore' } } }))).toEqual([]);
  });
});
