import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { allChanges } from '../../../src/plan/plan.ts';
import { compile } from '../../../src/resources/compile.ts';
import { bytes } from '../../../src/resources/content.ts';
import { probeScript } from '../../../src/probe/probe.ts';
import type { Step } from '../../../src/resources/step.ts';
import { everyHost, examples, imaginedHost, withExample } from '../../support/example-cluster.ts';
import { makePlan, watchesOf } from '../../support/planning.ts';

interface Forbidden {
  readonly directives: Readonly<Record<string, readonly string[]>>;
  readonly tooNew: Readonly<Record<string, unknown>>;
  readonly values: readonly { readonly pattern: string; readonly bad: string }[];
  readonly commands: readonly { readonly pattern: string; readonly bad: string; readonly good: string }[];
}

const forbidden = load(
  readFileSync(new URL('../../cases/centos7-forbidden.yaml', import.meta.url), 'utf8'),
) as Forbidden;

/** Text of every unit and drop-in that any example writes, by example, host and path. */
const units = new Map<string, string>();
/** Every script that any example runs. */
const scripts = new Map<string, string>();

const attributes = { mode: '0644', owner: 'root', group: 'root' };

/** One of each kind of step, whatever phases use today. */
const everyStep: readonly Step[] = [
  { op: 'write', path: '/etc/x', content: bytes('x'), attributes, check: ':' },
  { op: 'write', path: '/usr/local/bin/x', content: { ...bytes('x'), size: 2 ** 30 }, attributes },
  {
    op: 'fetch',
    path: '/usr/local/bin/x',
    urls: ['https://example.com/x'],
    sha256: 'x',
    member: undefined,
    attributes,
  },
  {
    op: 'fetch',
    path: '/usr/local/bin/x',
    urls: ['https://example.com/x'],
    sha256: 'x',
    member: 'a/b',
    attributes,
  },
  { op: 'attributes', path: '/etc/x', attributes },
  { op: 'directory', path: '/etc/x', attributes },
  { op: 'link', path: '/etc/x', target: 'y' },
  { op: 'remove', path: '/etc/x' },
  { op: 'prune', path: '/etc/systemd/system/x.service' },
  { op: 'packages', manager: 'yum', names: ['x'], environment: [['http_proxy', 'x']] },
  { op: 'packages', manager: 'dnf', names: ['x'], environment: [] },
  { op: 'packages', manager: 'apt', names: ['x'], environment: [] },
  ...(['enable', 'disable', 'start', 'stop', 'restart', 'reload', 'mask', 'unmask'] as const).map(
    (verb): Step => ({
      op: 'unit',
      verb,
      unit: 'x.service',
      inputs: ['/etc/x'],
    }),
  ),
  { op: 'run', title: 'x', script: ':', stdin: bytes('x') },
];

const scriptOf = (steps: readonly Step[]): string =>
  compile(
    steps.map((step, index) => ({ id: String(index), step })),
    { nonce: 'n', phase: 'p', lock: 't' },
  ).script;

beforeAll(async () => {
  scripts.set('every step', scriptOf(everyStep));
  for (const source of ['run/lock-holder.ts', 'run/diagnose.ts']) {
    const text = readFileSync(new URL(`../../../src/${source}`, import.meta.url), 'utf8');
    scripts.set(source, [...text.matchAll(/`([^`]*)`/g)].map(([, script]) => script).join('\n'));
  }
  for (const example of examples) {
    await withExample(example, async (cluster) => {
      const seen = everyHost(cluster, () => imaginedHost(example.family));
      const stages = cluster.desire(seen);
      for (const { name } of cluster.inventory.hosts)
        scripts.set(`${example.name} probe ${name}`, probeScript(cluster.watches(name), 'n', '192.0.2.11'));
      for (const [host, watches] of watchesOf(stages))
        scripts.set(`${example.name} closer ${host}`, probeScript(watches, 'n', '192.0.2.11'));
      for (const { host, planned } of allChanges(makePlan(stages, seen))) {
        const { change } = planned;
        if (!('text' in change)) continue;
        const { path, after } = change.text;
        if (path.includes('/systemd/system/')) units.set(`${example.name} ${host} ${path}`, after);
        if (after.startsWith('#!/bin/sh')) scripts.set(`${example.name} ${host} ${path}`, after);
      }
      for (const stage of stages) {
        for (const host of stage.hosts) {
          for (const resource of stage.resources(host)) {
            // What is made or fetched only when it is applied becomes a write, and that is among every step.
            if (/^(certificate|file):/.test(resource.id)) continue;
            const change = resource.diff(seen.get(host)!, new Map());
            const steps = await resource.steps(change, seen.get(host)!);
            scripts.set(`${example.name} ${host} ${stage.id} ${resource.id}`, scriptOf(steps));
          }
        }
      }
    });
  }
});

interface Line {
  readonly section: string;
  readonly directive: string;
  readonly text: string;
}

/** As systemd reads them: comments gone, continued lines joined. */
function linesOf(unit: string): Line[] {
  let section = '';
  return unit
    .split('\n')
    .filter((line) => !/^\s*[#;]/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .flatMap((text) => {
      const header = /^\[(\w+)\]$/.exec(text)?.[1];
      section = header ?? section;
      return header !== undefined || text.trim() === ''
        ? []
        : [{ section, directive: text.split('=')[0] ?? '', text }];
    });
}

const offences = (unit: string): string[] =>
  linesOf(unit)
    .filter(
      ({ section, directive, text }) =>
        !(forbidden.directives[section] ?? []).includes(directive) ||
        forbidden.values.some(({ pattern }) => new RegExp(pattern).test(text)),
    )
    .map(({ section, text }) => `[${section}] ${text.slice(0, 60)}`);

const misuses = (script: string): string[] =>
  forbidden.commands.flatMap(({ pattern }) => {
    const [found] = new RegExp(pattern, 'm').exec(script) ?? [];
    return found === undefined ? [] : [`${pattern}: ${found}`];
  });

describe('every unit', () => {
  it('was rendered: those of all components, of the routes and of the runtimes', () => {
    const names = new Set([...units.keys()].map((key) => key.replace(/^.*\/systemd\/system\//, '')));
    expect([...names].toSorted()).toEqual([
      'containerd.service.d/10-k8s-bootstrap.conf',
      'docker.service.d/10-k8s-bootstrap.conf',
      'etcd.service',
      'flanneld.service',
      'k8s-bootstrap-balancer.service',
      'k8s-bootstrap-keepalived.service',
      'k8s-bootstrap-routes.service',
      'kube-apiserver.service',
      'kube-controller-manager.service',
      'kube-proxy.service',
      'kube-scheduler.service',
      'kubelet.service',
    ]);
  });

  it('has only directives that systemd 219 knows, in their sections', () => {
    expect([...units].flatMap(([name, unit]) => offences(unit).map((line) => `${name}: ${line}`))).toEqual(
      [],
    );
  });

  it('has no comment within a continued line, which systemd 219 takes for a part of it', () => {
    for (const [name, unit] of units) expect(unit, name).not.toMatch(/\\\n\s*[#;]/);
  });

  it('ends its lines, and has no blanks at their ends', () => {
    for (const [name, unit] of units) expect(unit, name).toMatch(/^(?:.*\S\n|\n)*$/);
  });
});

describe('every script', () => {
  it('was made', () => {
    expect(scripts.size).toBeGreaterThan(100);
  });

  it('has only what CentOS 7 and POSIX sh have', () => {
    expect(
      [...scripts].flatMap(([name, script]) => misuses(script).map((line) => `${name}: ${line}`)),
    ).toEqual([]);
  });
});

describe('the list of what is forbidden', () => {
  it.each(forbidden.commands)('knows $bad from $good', ({ pattern, bad, good }) => {
    expect(bad).toMatch(new RegExp(pattern, 'm'));
    expect(good).not.toMatch(new RegExp(pattern, 'm'));
    expect(misuses(good)).toEqual([]);
  });

  it.each(forbidden.values)('knows $bad', ({ bad }) => {
    expect(offences(`[Service]\n${bad}\n`)).toHaveLength(1);
  });

  it.each(Object.keys(forbidden.tooNew))('refuses %s in any section', (directive) => {
    for (const section of Object.keys(forbidden.directives))
      expect(offences(`[${section}]\n${directive}=1\n`)).toHaveLength(1);
  });

  it('lets through what CentOS 7 can do', () => {
    expect(
      offences(
        '[Unit]\nDescription=x\n\n[Service]\n# StateDirectory=x\nExecStart=-/bin/x \\\n  StateDirectory=y\n',
      ),
    ).toEqual([]);
    expect(offences('[Unit]\nStartLimitInterval=0\n')).toHaveLength(1);
  });
});
