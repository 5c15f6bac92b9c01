import { describe, expect, it } from 'vitest';
import type { Watch } from '../../src/probe/observe.ts';
import { runScript } from '../../src/transport/feed.ts';
import { look } from '../support/probing.ts';
import { rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

describe.each(shells)('probing systems with $name as sh', (shell) => {
  it('reads kernel parameters and modules', async () => {
    const host = rootedHost(shell);
    host.write('/proc/sys/net/ipv4/ip_forward', '1\n');
    host.write('/proc/sys/net/ipv4/tcp_rmem', '4096\t131072\t6291456\n');
    host.write('/proc/sys/kernel/core_pattern', '|/usr/bin/handler %P: %u\n');
    host.write('/proc/sys/kernel/empty', '\n');
    host.write('/sys/module/overlay/refcnt', '1\n');
    host.write('/proc/version', 'Linux version 3.10.0-1160.el7.x86_64 (somebody@somewhere) #1 SMP\n');
    host.write(
      '/lib/modules/3.10.0-1160.el7.x86_64/modules.builtin',
      'kernel/net/ipv4/ip_builtin.ko\nkernel/x/other.ko\n',
    );
    const keys = [
      'net.ipv4.ip_forward',
      'net.ipv4.tcp_rmem',
      'kernel.core_pattern',
      'kernel.empty',
      'net.bridge.missing',
    ];
    const modules = ['overlay', 'ip_builtin', 'builtin', 'missing'];
    const seen = await look(host.session(), [
      ...keys.map((key): Watch => ({ kind: 'sysctl', key })),
      ...modules.map((key): Watch => ({ kind: 'module', key })),
    ]);
    expect(keys.map((key) => seen.sysctl(key))).toEqual([
      '1',
      '4096 131072 6291456',
      '|/usr/bin/handler %P: %u',
      '',
      'absent',
    ]);
    expect(modules.map((name) => seen.module(name))).toEqual(['loaded', 'builtin', 'absent', 'absent']);
  });

  it.each(['centos', 'debian'] as const)('reads the packages of %s', async (family) => {
    const host = rootedHost(shell, { family });
    host.setState('packages/docker', '1.13.1-209.el7');
    host.setState('packages/libc++', '1:2.0~rc1-3');
    host.setState('removed/gone', '1.0-1');
    const names = ['missing', 'docker', 'gone', 'libc++'];
    const seen = await look(
      host.session(),
      names.map((key): Watch => ({ kind: 'package', key })),
    );
    expect(names.map((name) => seen.package(name))).toEqual([
      'absent',
      '1.13.1-209.el7',
      'absent',
      '1:2.0~rc1-3',
    ]);
  });

  it('reads units: what systemd says, what they were started with, and what is on disk', async () => {
    const host = rootedHost(shell);
    const unit = (name: string): void => {
      host.write(
        `/etc/systemd/system/${name}`,
        `[Service]\nExecStart=/usr/local/bin/program\nEnvironmentFile=-/etc/${name}.env\n`,
      );
    };
    host.write('/usr/local/bin/program', '#!/bin/sh\n', 0o755);
    host.write('/etc/input', 'one');
    for (const name of ['up.service', 'down.service', 'broken.service', 'masked.service', 'plain.service'])
      unit(name);
    host.write('/etc/up.service.env', 'K8SB_REV=abc123\nOTHER=K8SB_REV=no\n');
    host.setState('fail/broken.service', '');
    const started = await runScript(host.session(), {
      script: `systemctl daemon-reload
systemctl enable up.service; systemctl start up.service; systemctl start plain.service; systemctl start broken.service
systemctl mask masked.service`,
    });
    expect(started.code).toBe(0);
    host.write('/etc/systemd/system/plain.service', '[Service]\nExecStart=/usr/local/bin/program --more\n');
    const names = ['missing', 'up', 'down', 'broken', 'masked', 'plain'].map((name) => `${name}.service`);
    const seen = await look(
      host.session(),
      names.map((key): Watch => ({
        kind: 'unit',
        key,
        inputs: key === 'up.service' ? ['/etc/input', '/etc/no-such-input'] : [],
      })),
    );
    const off = { load: 'loaded', active: 'inactive', sub: 'dead', enabled: 'disabled', needsReload: false };
    const noProcess = { runningRevision: '', binaryReplaced: false };
    expect(seen.unit('missing.service')).toMatchObject({
      ...off,
      load: 'not-found',
      enabled: '',
      ...noProcess,
    });
    expect(seen.unit('up.service')).toMatchObject({
      load: 'loaded',
      active: 'active',
      sub: 'running',
      enabled: 'enabled',
      needsReload: false,
      runningRevision: 'abc123',
      diskRevision: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      binaryReplaced: false,
    });
    expect(seen.unit('down.service')).toMatchObject({ ...off, ...noProcess });
    expect(seen.unit('broken.service')).toMatchObject({
      ...off,
      active: 'failed',
      sub: 'failed',
      ...noProcess,
    });
    expect(seen.unit('masked.service')).toMatchObject({
      load: 'masked',
      enabled: 'masked',
      active: 'inactive',
    });
    expect(seen.unit('plain.service')).toMatchObject({
      active: 'active',
      needsReload: true,
      runningRevision: '',
      diskRevision: 'none',
    });
  });

  it('sees an executable that was replaced under a running process', async () => {
    const host = rootedHost(shell);
    host.write('/usr/local/bin/program', 'old', 0o755);
    host.write('/etc/systemd/system/a.service', '[Service]\nExecStart=/usr/local/bin/program\n');
    await runScript(host.session(), { script: 'systemctl daemon-reload; systemctl start a.service' });
    const watch: Watch = { kind: 'unit', key: 'a.service', inputs: [] };
    expect((await look(host.session(), [watch])).unit('a.service')?.binaryReplaced).toBe(false);
    await runScript(host.session(), {
      script:
        'cp /usr/local/bin/program /usr/local/bin/new; mv -f -- /usr/local/bin/new /usr/local/bin/program',
    });
    expect((await look(host.session(), [watch])).unit('a.service')?.binaryReplaced).toBe(true);
  });

  it('gives a revision that follows content, order and presence of its inputs', async () => {
    const host = rootedHost(shell);
    const revision = async (inputs: string[]): Promise<string | undefined> => {
      host.write('/usr/local/bin/program', 'x', 0o755);
      host.write('/etc/systemd/system/a.service', '[Service]\nExecStart=/usr/local/bin/program\n');
      await runScript(host.session(), { script: 'systemctl daemon-reload; systemctl start a.service' });
      return (await look(host.session(), [{ kind: 'unit', key: 'a.service', inputs }])).unit('a.service')
        ?.diskRevision;
    };
    host.write('/etc/a', 'one');
    const first = await revision(['/etc/a', '/etc/b']);
    expect(await revision(['/etc/a', '/etc/b'])).toBe(first);
    host.write('/etc/b', '');
    const second = await revision(['/etc/a', '/etc/b']);
    host.write('/etc/a', 'two');
    const third = await revision(['/etc/a', '/etc/b']);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  describe('Kubernetes objects', () => {
    const paths = [
      '/healthz',
      '/api/v1/nodes/n1',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax',
      '/api/v1/nodes/missing',
    ];
    const watches = paths.map((key): Watch => ({ kind: 'object', key }));
    const statuses = async (host: ReturnType<typeof rootedHost>): Promise<unknown[]> => {
      const seen = await look(host.session(), watches);
      return paths.map((path) => seen.object(path)?.status);
    };

    it('are read in one request each, whatever they hold', async () => {
      const host = rootedHost(shell);
      host.write('/etc/kubernetes/admin.conf', 'clusters:\n- cluster:\n    server: https://10.0.0.1:6443\n');
      host.write('/etc/kubernetes/pki/ca.crt', 'x');
      host.setState('api/healthz.json', 'ok');
      host.setState('api/api!v1!nodes!n1.json', '{"kind":"Node",\n "x":"\\u00e9 \\n status 404"}\n\n');
      host.setState(
        'api/apis!rbac.authorization.k8s.io!v1!clusterroles!system%3Ax.json',
        '{"kind":"ClusterRole"}',
      );
      const seen = await look(host.session(), watches);
      expect(seen.object(paths[0]!)).toEqual({ status: 200, body: undefined });
      expect(seen.object(paths[1]!)).toEqual({ status: 200, body: { kind: 'Node', x: 'é \n status 404' } });
      expect(seen.object(paths[2]!)).toEqual({ status: 200, body: { kind: 'ClusterRole' } });
      expect(seen.object(paths[3]!)).toMatchObject({ status: 404, body: { kind: 'Status' } });
    });

    it('are unknown where no API server answers, or none ever was', async () => {
      const host = rootedHost(shell);
      expect(await statuses(host)).toEqual([0, 0, 0, 0]);
      host.write('/etc/kubernetes/admin.conf', '    server: https://10.0.0.1:6443\n');
      expect(await statuses(host)).toEqual([0, 0, 0, 0]);
      host.write('/etc/kubernetes/pki/ca.crt', 'x');
      host.setState('api/down', '');
      expect(await statuses(host)).toEqual([0, 0, 0, 0]);
    });

    it('are given up after 3 s in all when the API server accepts connections and says nothing', async () => {
      const host = rootedHost(shell);
      host.write('/etc/kubernetes/admin.conf', '    server: https://10.0.0.1:6443\n');
      host.write('/etc/kubernetes/pki/ca.crt', 'x');
      host.setState('api/hangs', '');
      host.setState('hurry', '10'); // 3 s are 300 ms
      const started = performance.now();
      expect(await statuses(host)).toEqual([0, 0, 0, 0]);
      expect(performance.now() - started).toBeLessThan(6000);
    });
  });
});
