import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cniPhase } from '../../../../src/phases/network/cni.ts';
import { factsScript } from '../../../../src/facts/facts-script.ts';
import {
  ROUTES_UNIT,
  masqueradeRule,
  podRouteTable,
  podRoutes,
} from '../../../../src/resources/network/pod-routes.ts';
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

  it('has the same table of routes on all nodes, and tells each its own address', () => {
    const table = (name: string): string => textOf(resourcesOf(name), '/etc/kubernetes/pod-routes');
    expect(table('w1').split('\n').slice(1)).toEqual([
      'pods 10.244.0.0/16',
      '10.244.0.0/24 192.0.2.11',
      '10.244.1.0/24 192.0.2.12',
      '10.244.2.0/24 192.0.2.13',
      '',
    ]);
    expect(table('m1')).toBe(table('w1'));
    expect(textOf(resourcesOf('w1'), `/etc/systemd/system/${ROUTES_UNIT}`)).toContain(' up 192.0.2.12\n');
  });

  it('asks the masters for all nodes at once, and some nodes for the table that they have', () => {
    const world = worldOf();
    const asked = (name: string): string[] =>
      (cniPhase.watch?.(world, hostOf(world, name)) ?? []).map(({ key }) => key);
    expect(asked('m1')).toEqual(expect.arrayContaining(['/api/v1/nodes', '/etc/kubernetes/pod-routes']));
    expect(asked('w1').join()).toMatch(/pod-routes/);
    expect(asked('w1').join()).not.toMatch(/nodes/);
  });
});

const SPEC = {
  ip: '192.0.2.11',
  podCIDR: '10.244.0.0/16',
  table: podRouteTable('10.244.0.0/16', [
    { to: '10.244.0.0/24', via: '192.0.2.11' },
    { to: '10.244.1.0/24', via: '192.0.2.12' },
  ]),
  acceptedDropIns: [],
};
const forwards = ['-s', '-d'].map(
  (side) => `${side} 10.244.0.0/16 -m comment --comment k8s-bootstrap -j ACCEPT`,
);
const RIGHT = {
  podRoute: [] as readonly string[],
  unit: { active: 'active', enabled: 'enabled', needsReload: false },
  code: 0,
};

describe('routes to pods', () => {
  const diff = (over: Partial<typeof RIGHT>, upstream: ReadonlyMap<string, Change> = new Map()): Change => {
    const now = { ...RIGHT, ...over };
    const seen: Sight = {
      facts: hostSaying('centos', { podRoute: now.podRoute }),
      units: { [ROUTES_UNIT]: now.unit },
      answers: { 'pod-rules': { code: now.code, output: '' } },
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
    [
      { podRoute: ['the route to 10.244.1.0/24 via 192.0.2.12 is missing'] },
      'the route to 10.244.1.0/24 via 192.0.2.12 is missing',
    ],
    [{ code: 1 }, 'a rule for packets of pods is missing'],
    [{ unit: { ...RIGHT.unit, active: 'failed' } }, 'it is not running'],
    [{ unit: { ...RIGHT.unit, enabled: 'disabled' } }, 'it is not enabled'],
  ])('are set again after %j', (over, reason) => {
    expect(because(over)).toEqual([reason]);
  });
  it.each(['pod-routes', 'pod-routes.sh'])('are set again with /etc/kubernetes/%s', (name) => {
    const path = `/etc/kubernetes/${name}`;
    const upstream = new Map<string, Change>([[`file:${path}`, { kind: 'update', summary: '' }]]);
    expect(diff({}, upstream)).toMatchObject({
      kind: 'restart',
      interrupts: false,
      because: [`${path} changes`],
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
      `#!/bin/sh
case "$*" in
  *show*) printf '10.244.1.0/24 via 192.0.2.12 dev eth0\\n10.244.7.0/24 via 192.0.2.9 dev eth0\\n' ;;
  *-batch*) sed 's/^/ip /' >> ${folder}/log ;;
  *) ${note} ;;
esac\n`,
    );
    writeFileSync(
      join(folder, 'iptables'),
      `#!/bin/sh\n${note}\ncase "$2 $4" in *-C*) [ -e ${folder}/rule ] ;; esac\n`,
    );
    for (const tool of ['ip', 'iptables']) chmodSync(join(folder, tool), 0o755);
    writeFileSync(join(folder, 'table'), SPEC.table);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const run = (...words: string[]): string[] => {
    const text = textOf(podRoutes(SPEC), '/etc/kubernetes/pod-routes.sh')
      .replace('PATH=', `PATH=${folder}:`)
      .replace('table=/etc/kubernetes/pod-routes', `table=${folder}/table`);
    execFileSync(shell, ['-c', text, 'pod-routes.sh', ...words], { stdio: 'pipe' });
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  };
  const arguments_ = '-s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment k8s-bootstrap -j MASQUERADE';
  const rule = `POSTROUTING ${arguments_}`;

  it('sets the routes to others and the rule, and removes those of nodes that are gone, in one batch', () => {
    expect(run('up', '192.0.2.11')).toEqual([
      'ip route replace 10.244.1.0/24 via 192.0.2.12 proto 86',
      'ip route del 10.244.7.0/24 proto 86',
      `iptables -w -t nat -C POSTROUTING_direct ${arguments_}`,
      `iptables -w -t nat -C ${rule}`,
      `iptables -w -t nat -A ${rule}`,
      ...forwards.flatMap((one) => [`iptables -w -C FORWARD ${one}`, `iptables -w -A FORWARD ${one}`]),
    ]);
  });
  it('adds no second rule', () => {
    writeFileSync(join(folder, 'rule'), '');
    expect(run('up', '192.0.2.11').slice(-3)).toEqual([
      `iptables -w -t nat -C POSTROUTING_direct ${arguments_}`,
      ...forwards.map((one) => `iptables -w -C FORWARD ${one}`),
    ]);
  });
  it('takes everything back', () => {
    expect(run('down')).toEqual([
      'ip -4 route flush proto 86',
      `iptables -w -t nat -D ${rule}`,
      ...forwards.map((one) => `iptables -w -D FORWARD ${one}`),
    ]);
  });
  it('refuses other words', () => {
    expect(() => run('sideways')).toThrow();
  });
});

describe.each(['bash', 'dash'])('the question for the NAT rule under %s', (shell) => {
  /** Its code, where iptables ends with these one after the other, and how often that was run. */
  function asked(codes: readonly number[], running: string): (number | null)[] {
    const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-'));
    try {
      writeFileSync(join(folder, 'codes'), `${codes.join('\n')}\n`);
      const tool = join(folder, 'iptables');
      writeFileSync(
        tool,
        `#!/bin/sh\necho "$*" >> ${folder}/log\ncode=$(head -n 1 ${folder}/codes); sed -i 1d ${folder}/codes; exit "$code"\n`,
      );
      chmodSync(tool, 0o755);
      const watch = podRoutes(SPEC)
        .flatMap(({ watches }) => watches)
        .find(({ key }) => key === 'pod-rules');
      const script = `D=${folder}/probe\n${watch?.kind === 'answer' ? watch.script.replaceAll(/\/usr\/sbin\/iptables(-restore)?/g, tool) : ''}`;
      const { status } = spawnSync(shell, ['-c', script], { env: { ...process.env, running } });
      const calls = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
      if (!running) {
        expect(
          calls.every((call) => /^--test -n$|^-w --test -n$/.test(call)),
          calls.join(),
        ).toBe(true);
        const lines = readFileSync(join(folder, 'probe.rules'), 'utf8').trim().split('\n');
        expect(lines).toEqual([
          '*nat',
          `-C POSTROUTING ${masqueradeRule(SPEC.podCIDR)}`,
          'COMMIT',
          '*filter',
          ...forwards.map((rule) => `-C FORWARD ${rule}`),
          'COMMIT',
        ]);
      }
      return [status, calls.length, calls.filter((call) => call.includes('POSTROUTING_direct')).length];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it.each<[string, number[], string, (number | null)[]]>([
    ['there', [0], '', [0, 1, 0]],
    ['missing', [1], '', [1, 1, 0]],
    ['of firewalld', [0], ' firewalld.service', [0, 1, 1]],
    ['ours beside firewalld', [1, 0], ' firewalld.service', [0, 2, 1]],
    ['missing beside firewalld', [2, 1], ' firewalld.service', [1, 2, 1]],
    ['there, and the tables were locked', [4, 0], '', [0, 2, 0]],
    ['missing, and the tables were locked', [4, 1], '', [1, 2, 0]],
    ['of firewalld, and the tables were locked', [4, 0], ' firewalld.service', [0, 2, 2]],
    ['not to be known, for the tables stay locked', [4, 124], '', [0, 2, 0]],
  ])('%s', (_, codes, running, found) => {
    expect(asked(codes, running)).toEqual(found);
  });
});

describe.each(['bash', 'dash'])('the look at routes under %s', (shell) => {
  /** What the facts say of routes, when the kernel has these beside its own. */
  function said(routes: readonly string[]): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-'));
    try {
      const lines = [
        '2: eth0    inet 192.0.2.11/24 scope global eth0',
        'default via 192.0.2.1 dev eth0',
        ...routes,
      ];
      writeFileSync(join(folder, 'ip'), `#!/bin/sh\ncat <<'END'\n${lines.join('\n')}\nEND\n`);
      chmodSync(join(folder, 'ip'), 0o755);
      writeFileSync(join(folder, 'table'), SPEC.table);
      mkdirSync(join(folder, 'probe'));
      const text = `PATH=${folder}:$PATH D=${folder}/probe\n${factsScript}`.replaceAll(
        '/etc/kubernetes/pod-routes',
        join(folder, 'table'),
      );
      const output = execFileSync(shell, ['-c', text], { encoding: 'utf8' });
      expect(output).toContain('\ndefault via 192.0.2.1 dev eth0\n');
      return output.split('\n').filter((line) => line.includes('proto 86') || line.startsWith('== podRoute'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it.each<[string, string[], string[]]>([
    ['all there', ['10.244.1.0/24 via 192.0.2.12 dev eth0 proto 86 '], []],
    ['none', [], ['== podRoute the route to 10.244.1.0/24 via 192.0.2.12 is missing']],
    [
      'by way of another',
      ['10.244.1.0/24 via 192.0.2.99 dev eth0 proto 86 '],
      ['== podRoute the route to 10.244.1.0/24 via 192.0.2.12 is missing'],
    ],
    [
      'to a node that is gone, and to itself',
      [
        '10.244.1.0/24 via 192.0.2.12 dev eth0 proto 86',
        '10.244.7.0/24 via 192.0.2.9 dev eth0 proto 86',
        '10.244.0.0/24 via 192.0.2.9 dev eth0 proto 86',
      ],
      [
        '== podRoute the route to 10.244.0.0/24 leads nowhere',
        '== podRoute the route to 10.244.7.0/24 leads nowhere',
      ],
    ],
  ])('finds what differs: %s', (_, routes, found) => {
    expect(said(routes).toSorted()).toEqual(found);
  });
});
