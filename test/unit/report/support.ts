import { Writable } from 'node:stream';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { type PhasePlan, type Plan, summaryOf } from '../../../src/plan/plan.ts';
import { createReporter } from '../../../src/report/reporter.ts';
import type { Reporter, ReporterOptions } from '../../../src/report/reporter.ts';
import type { OutputStream } from '../../../src/report/text.ts';
import type { RunEvent, Summary } from '../../../src/run/events.ts';

export type Capture = OutputStream & { text(): string };

/** A stream that keeps what it gets; with `columns`, it claims to be a terminal. */
export function capture(terminal?: { columns: number; rows?: number }): Capture {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, {
    text: () => chunks.join(''),
    ...(terminal && { isTTY: true, columns: terminal.columns, rows: terminal.rows ?? 40 }),
  });
}

export interface Rig {
  readonly reporter: Reporter;
  readonly stdout: Capture;
  readonly stderr: Capture;
  readonly tell: (...events: Untimed[]) => void;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Untimed = DistributiveOmit<RunEvent, 'at'>;

export const NOW = new Date('2026-01-02T03:04:05.678Z');

export function rig(
  options: Partial<ReporterOptions> & { terminal?: { columns: number; rows?: number } } = {},
): Rig {
  const { terminal, ...rest } = options;
  const stdout = capture();
  const stderr = capture(terminal);
  const reporter = createReporter({
    format: 'plain',
    stdout,
    stderr,
    env: { NO_COLOR: '1' },
    secrets: new Set(),
    verbose: false,
    ...rest,
  });
  return {
    reporter,
    stdout,
    stderr,
    tell: (...events) => {
      for (const event of events) reporter.emit({ at: NOW, ...event });
    },
  };
}

export const secretsOf = (...values: string[]): Set<Secret> =>
  new Set(values.map((value) => new Secret(value)));

const UNIT_BEFORE =
  '[Unit]\nDescription=etcd\n\n[Service]\nExecStart=/usr/bin/etcd --name=m1\nRestart=on-failure\n';

export const unitFile = (before: string, after: string): { path: string; before: string; after: string } => ({
  path: '/etc/systemd/system/etcd.service',
  before,
  after,
});

/** One of everything a plan can hold, on three hosts. */
export function aPlan(): Plan {
  const os = (host: string): PhasePlan => ({
    phase: 'os',
    title: 'Prepare the operating system',
    changes: [
      { id: 'package:socat', title: 'package socat', change: { kind: 'create', summary: '1.7.3' } },
      ...(host === 'w1'
        ? [
            {
              id: 'file:/etc/old',
              title: '/etc/old.conf',
              change: { kind: 'delete' as const, summary: '' },
            },
          ]
        : []),
      {
        id: 'sysctl:net.ipv4.ip_forward',
        title: 'net.ipv4.ip_forward',
        change: { kind: 'update', summary: '0 → 1' },
      },
      {
        id: 'service:chronyd.service',
        title: 'service chronyd',
        change: { kind: 'restart', summary: 'start', because: ['it is not running'], interrupts: false },
      },
    ],
  });
  const etcd: PhasePlan = {
    phase: 'etcd',
    title: 'Run etcd',
    changes: [
      {
        id: 'file:/etc/systemd/system/etcd.service',
        title: '/etc/systemd/system/etcd.service',
        change: {
          kind: 'update',
          summary: '/etc/systemd/system/etcd.service',
          text: unitFile(UNIT_BEFORE, UNIT_BEFORE.replace('--name=m1', '--name=m1 \u001b[2J--debug')),
        },
      },
      {
        id: 'file:/etc/etcd/etcd.env',
        title: '/etc/etcd/etcd.env',
        change: {
          kind: 'create',
          summary: '2 lines',
          text: { path: '/etc/etcd/etcd.env', before: '', after: 'A=1\nB=2\n' },
        },
      },
      {
        id: 'service:etcd.service',
        title: 'service etcd',
        change: {
          kind: 'restart',
          summary: 'restart etcd.service',
          because: ['/etc/systemd/system/etcd.service changes', 'the binary was replaced'],
          interrupts: true,
        },
      },
    ],
  };
  const addons: PhasePlan = {
    phase: 'addons',
    title: 'Objects',
    changes: [
      {
        id: 'object:coredns',
        title: 'Deployment kube-system/coredns',
        change: { kind: 'unknown', summary: '', waitsFor: 'the API server answers' },
      },
    ],
  };
  return {
    hosts: [
      { host: 'm1', phases: [os('m1'), etcd, addons], orphans: [] },
      { host: 'w1', phases: [os('w1')], orphans: [] },
      { host: 'w2', phases: [os('w2')], orphans: ['/etc/kubernetes/old\u0007.conf'] },
    ],
  };
}

/** A plan as a run tells it. */
export const planEvents = (plan: Plan, hosts = plan.hosts.length): Untimed[] => [
  ...plan.hosts.map((one) => ({ type: 'host.planned', plan: one }) as const),
  { type: 'plan.ready', version: 1, summary: summaryOf(plan, hosts, ['os', 'etcd', 'addons', 'p']) },
];

export const aSummary = (changes: Partial<Summary> = {}): Summary => ({
  changed: 6,
  failed: 1,
  kubeconfig: "/home/me/it's here/admin.conf",
  kubectl: 'kubectl',
  hosts: [
    {
      name: 'm1',
      changed: 6,
      failed: false,
      connections: 1,
      execs: 3,
      restarted: ['etcd.service', 'kubelet.service'],
      seconds: 75.4,
    },
    { name: 'w1', changed: 0, failed: false, connections: 1, execs: 1, restarted: [], seconds: 0.4 },
    {
      name: 'worker-with-a-long-name',
      changed: 0,
      failed: true,
      connections: 1,
      execs: 2,
      restarted: [],
      seconds: 3,
    },
  ],
  ...changes,
});

export const anError = (): BootstrapError =>
  new BootstrapError('E_STEP', 'systemctl restart etcd.service ended with code 1\nlast line of its journal', {
    hint: 'Look at the journal: k8s-bootstrap logs etcd.\nThen run up again.',
    where: { resource: 'service:etcd.service' },
    cause: new BootstrapError('E_EXEC', 'exit code 1', { cause: new TypeError('socket \u001b[31mclosed') }),
  });

/** A whole `up`: two hosts well, one failing in its phase. */
export const aRun = (): Untimed[] => [
  { type: 'run.started', command: 'up', cluster: 'course', hosts: ['m1', 'w1', 'w2'] },
  { type: 'host.connecting', host: 'm1', attempt: 1 },
  { type: 'host.connecting', host: 'w1', attempt: 2 },
  { type: 'host.connecting', host: 'w2', attempt: 1 },
  { type: 'host.connected', host: 'm1' },
  { type: 'host.connected', host: 'w1' },
  { type: 'host.connected', host: 'w2' },
  { type: 'host.probed', host: 'm1', milliseconds: 112 },
  { type: 'host.probed', host: 'w1', milliseconds: 130 },
  { type: 'host.probed', host: 'w2', milliseconds: 131 },
  {
    type: 'preflight',
    host: 'w2',
    check: 'memory',
    level: 'warn',
    message: '512 MB of memory',
    hint: 'Give it 1 GB.',
  },
  { type: 'preflight', host: 'w2', check: 'swap', level: 'fixed-by-up', message: 'swap is on' },
  ...planEvents(aPlan()),
  { type: 'download', artifact: 'etcd-v3.3.15.tar.gz', bytes: 1_000_000, total: 11_350_736 },
  { type: 'download', artifact: 'etcd-v3.3.15.tar.gz', bytes: 11_350_736, total: 11_350_736 },
  { type: 'phase.started', phase: 'etcd', title: 'Run etcd', hosts: ['m1', 'w1', 'w2'] },
  { type: 'upload', host: 'm1', bytes: 500, total: 1000 },
  { type: 'upload', host: 'm1', bytes: 1000, total: 1000 },
  { type: 'step.started', phase: 'etcd', host: 'm1', step: 'write /etc/systemd/system/etcd.service' },
  { type: 'step.started', phase: 'etcd', host: 'w1', step: 'restart etcd.service' },
  {
    type: 'step.done',
    phase: 'etcd',
    host: 'm1',
    step: 'write /etc/systemd/system/etcd.service',
    milliseconds: 12,
  },
  { type: 'step.done', phase: 'etcd', host: 'm1', step: 'restart etcd.service', milliseconds: 2345 },
  { type: 'host.failed', host: 'w1', phase: 'etcd', error: anError() },
  { type: 'gate.waiting', phase: 'etcd', host: 'm1', waitingFor: 'etcd is healthy' },
  { type: 'gate.passed', phase: 'etcd', host: 'm1', title: 'etcd is healthy', milliseconds: 1500 },
  { type: 'phase.done', phase: 'etcd', milliseconds: 65_000, failed: ['w1'] },
  { type: 'note', level: 'warn', message: 'certificates expire in 20 days' },
  { type: 'summary', ...aSummary() },
];
