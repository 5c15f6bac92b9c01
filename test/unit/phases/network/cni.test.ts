import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cniPhase } from '../../../../src/phases/network/cni.ts';
import { ROUTES_UNIT, podRoutes } from '../../../../src/resources/pod-routes.ts';
import { type Change, type Resource, none } from '../../../../src/resources/resource.ts';
import { type Sight, hostOf, hostSaying, sight, worldOf } from '../world.ts';

const resourcesOf = (name: string, inventory = {}): readonly Resource[] => {
  const world = worldOf({ inventory });
  return cniPhase.resources(world, hostOf(world, name));
};
/** The text a resource would write. */
const textOf = (resources: readonly Resource[], path: string): string => {
  const change = resources.find(({ id }) => id === `file:${path}`)?.diff(sight({}), new Map());
  return change?.kind === 'create' ? (change.text?.after ?? '') : '';
};

describe('the bridge', () => {
  it('has a version, the range of the node, and leaves NAT to the node', () => {
    const config = JSON.parse(textOf(resourcesOf('w1'), '/etc/cni/net.d/10-bridge.conflist')) as Record<
      string,
      unknown
    >;
    expect(config).toMatchObject({
      cniVersion: '0.3.1',
      plugins: [
        {
          type: 'bridge',
          isGateway: true,
          ipMasq: false,
          ipam: { ranges: [[{ subnet: '10.244.1.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    });
  });

  it('is not there with another pod network, but the plugins are', () => {
    const ids = resourcesOf('w1', { network: { cni: 'none' } }).map(({ id }) => id);
    expect(ids).toContain('file:/opt/cni/bin/bridge');
    expect(ids.join()).not.toMatch(/conflist|routes/);
  });

  it('has routes to all other nodes', () => {
    const text = textOf(resourcesOf('w1'), '/etc/kubernetes/pod-routes.sh');
    expect([...text.matchAll(/route replace (\S+) via (\S+)/g)].map(([, to, via]) => `${to} ${via}`)).toEqual(
      ['10.244.0.0/24 192.0.2.11', '10.244.2.0/24 192.0.2.13'],
    );
  });

  it('asks the masters for node objects', () => {
    const world = worldOf();
    const asked = (name: string): string[] =>
      (cniPhase.watch?.(world, hostOf(world, name)) ?? []).map(({ key }) => key);
    expect(asked('m1')).toContain('/api/v1/nodes/w2');
    expect(asked('w1')).not.toContain('/api/v1/nodes/w2');
  });
});

const SPEC = { podCIDR: '10.244.0.0/16', routes: [{ to: '10.244.1.0/24', via: '192.0.2.12' }] };
const RIGHT = {
  routes: ['10.244.1.0/24 via 192.0.2.12 dev eth0 proto 86'],
  unit: { active: 'active', enabled: 'enabled', needsReload: false },
  code: 0,
};

describe('routes to pods', () => {
  const diff = (over: Partial<typeof RIGHT>, upstream: ReadonlyMap<string, Change> = new Map()): Change => {
    const now = { ...RIGHT, ...over };
    const seen: Sight = {
      facts: hostSaying('centos', { network: ['', ...now.routes] }),
      units: { [ROUTES_UNIT]: now.unit },
      answers: { 'pod-masquerade': { code: now.code, output: '' } },
    };
    return podRoutes(SPEC).at(-1)!.diff(sight(seen), upstream);
  };
  const because = (over: Partial<typeof RIGHT>): readonly string[] => {
    const change = diff(over);
    return change.kind === 'restart' ? change.because : [];
  };

  it('are left alone when they are there', () => {
    expect(diff({})).toEqual(none('all routes are there'));
  });
  it.each<[Partial<typeof RIGHT>, string]>([
    [{ routes: [] }, 'the route to 10.244.1.0/24 via 192.0.2.12 is missing'],
    [
      { routes: ['10.244.1.0/24 via 192.0.2.99 dev eth0 proto 86'] },
      'the route to 10.244.1.0/24 via 192.0.2.12 is missing',
    ],
    [
      { routes: [...RIGHT.routes, '10.244.7.0/24 via 192.0.2.9 dev eth0 proto 86'] },
      'the route to 10.244.7.0/24 leads nowhere',
    ],
    [{ code: 1 }, 'the masquerade rule is missing'],
    [{ unit: { ...RIGHT.unit, active: 'failed' } }, 'it is not running'],
    [{ unit: { ...RIGHT.unit, enabled: 'disabled' } }, 'it is not enabled'],
  ])('are set again after %j', (over, reason) => {
    expect(because(over)).toEqual([reason]);
  });
  it('are not suspected when the question took too long, nor are routes of others', () => {
    expect(because({ code: 124, routes: [...RIGHT.routes, '10.9.0.0/24 via 192.0.2.9 dev eth0'] })).toEqual(
      [],
    );
  });
  it('are set again with the script', () => {
    const upstream = new Map<string, Change>([
      ['file:/etc/kubernetes/pod-routes.sh', { kind: 'update', summary: '' }],
    ]);
    expect(diff({}, upstream)).toMatchObject({
      kind: 'restart',
      interrupts: false,
      because: ['/etc/kubernetes/pod-routes.sh changes'],
    });
  });
});

describe.each(['bash', 'dash'])('the script of routes under %s', (shell) => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-'));
    // Both tools only note what they are asked; a rule is there when the file `rule` is, a gone node has one route.
    const note = `echo "\${0##*/} $*" >> ${folder}/log`;
    writeFileSync(
      join(folder, 'ip'),
      `#!/bin/sh\n${note}\n[ "$3" != show ] || printf '10.244.1.0/24 via 192.0.2.12 dev eth0\\n10.244.7.0/24 via 192.0.2.9 dev eth0\\n'\n`,
    );
    writeFileSync(
      join(folder, 'iptables'),
      `#!/bin/sh\n${note}\ncase $4 in -C) [ -e ${folder}/rule ] ;; esac\n`,
    );
    for (const tool of ['ip', 'iptables']) chmodSync(join(folder, tool), 0o755);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const run = (verb: string): string[] => {
    const text = textOf(podRoutes(SPEC), '/etc/kubernetes/pod-routes.sh')
      .replaceAll('/usr/sbin/iptables', 'iptables')
      .replace('PATH=', `PATH=${folder}:`);
    execFileSync(shell, ['-c', text, 'pod-routes.sh', verb], { stdio: 'pipe' });
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  };
  const rule =
    'POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment k8s-bootstrap -j MASQUERADE';

  it('sets routes and the rule, and removes those of nodes that are gone', () => {
    expect(run('up')).toEqual([
      'ip -4 route replace 10.244.1.0/24 via 192.0.2.12 proto 86',
      'ip -4 route show proto 86',
      'ip -4 route del 10.244.7.0/24 proto 86',
      `iptables -w -t nat -C ${rule}`,
      `iptables -w -t nat -A ${rule}`,
    ]);
  });
  it('adds no second rule', () => {
    writeFileSync(join(folder, 'rule'), '');
    expect(run('up').at(-1)).toBe(`iptables -w -t nat -C ${rule}`);
  });
  it('takes everything back', () => {
    expect(run('down')).toEqual(['ip -4 route flush proto 86', `iptables -w -t nat -D ${rule}`]);
  });
  it('refuses other words', () => {
    expect(() => run('sideways')).toThrow();
  });
});
