import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CommandOptions,
  type AnyHost,
  HOSTS,
  type Output,
  addressOf,
  command,
  lab,
  labInventory,
  settings,
} from './lab.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export const repositoryRoot = root;

/** Where the suite keeps its inventory, and the product beside it its state; outlives a run of the suite. */
export const workFolder = process.env['K8SB_E2E_FOLDER'] ?? `/var/tmp/k8s-bootstrap-e2e-${settings.instance}`;
export const inventoryFile = join(workFolder, 'inventory.yaml');
export const stateFolder = join(workFolder, '.k8s-bootstrap', 'lab');
export const kubeconfigFile = join(stateFolder, 'kubeconfig', 'admin.conf');

/** Writes the inventory, patched if asked; the product's state beside it stays. */
export function writeInventory(patch?: (text: string) => string): void {
  const before = labInventory();
  const after = patch ? patch(before) : before;
  if (patch && after === before) throw new Error('the patch does not change the inventory');
  mkdirSync(workFolder, { recursive: true, mode: 0o700 });
  writeFileSync(inventoryFile, after);
}

/** Does something under a patched inventory, and puts the usual one back. */
export async function withInventory<T>(
  patch: (text: string) => string,
  action: () => Promise<T>,
): Promise<T> {
  writeInventory(patch);
  try {
    return await action();
  } finally {
    writeInventory();
  }
}

export interface Event {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface HostSummary {
  readonly name: string;
  readonly changed: number;
  readonly failed: boolean;
  readonly connections: number;
  readonly execs: number;
  readonly restarted: readonly string[];
}

export interface Summary extends Event {
  readonly changed: number;
  readonly failed: number;
  readonly kubeconfig: string | null;
  readonly hosts: readonly HostSummary[];
}

export interface PlannedChange {
  readonly host: string;
  readonly phase: string;
  readonly id: string;
  readonly kind: string;
  readonly summary: string;
  readonly because: readonly string[];
  readonly text?: { readonly path: string; readonly before: string; readonly after: string };
}

export interface Result extends Output {
  readonly events: readonly Event[];
  /** The last line, which is the summary of every command that looks at hosts. */
  readonly summary: Summary;
  /** All changes of the first plan that was told. */
  readonly planned: readonly PlannedChange[];
}

export interface RunOptions extends CommandOptions {
  /** As people see it, instead of with `--json`; then there are no events. */
  readonly text?: boolean;
}

/** Runs a command of the product on the inventory, with `--json`. */
export function k8sb(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [name = '', ...rest] = args;
  const format = options.text === true ? '--plain' : '--json';
  return product([name, inventoryFile, format, ...rest], options);
}

/** Runs the product with just these words. Nothing of the user's own settings reaches it. */
export async function product(words: readonly string[], options: CommandOptions = {}): Promise<Result> {
  const output = await command('node', [join(root, 'bin/k8s-bootstrap'), ...words], {
    cwd: workFolder,
    ...options,
    env: { PATH: process.env['PATH'], HOME: workFolder, ...options.env },
  });
  const events = output.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    // A run that was killed may end in half a line.
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Event] : []));
  return resultOf(output, events);
}

/** Runs a command that asks before it does something, with the answer given. */
export const confirmed = (...words: readonly string[]): Promise<Result> =>
  product([...words, '--json', '--yes', '-i', inventoryFile]);

/** What a run came to, by all events that it told. */
export const resultOf = (output: Output, events: readonly Event[]): Result => ({
  ...output,
  events,
  summary: events.at(-1) as Summary,
  planned: plannedIn(events),
});

interface RawPlan {
  readonly host: string;
  readonly phases: readonly {
    readonly phase: string;
    readonly changes: readonly {
      readonly id: string;
      readonly change: Omit<PlannedChange, 'host' | 'phase' | 'id' | 'because'> & {
        readonly because?: readonly string[];
      };
    }[];
  }[];
}

/** Changes that were told as a plan. */
export const plannedIn = (events: readonly Event[]): PlannedChange[] =>
  events.flatMap(({ type, plan }) => (type === 'host.planned' ? flat(plan as RawPlan) : []));

const flat = ({ host, phases }: RawPlan): PlannedChange[] =>
  phases.flatMap(({ phase, changes }) =>
    changes.map(({ id, change }) => ({ ...change, because: change.because ?? [], host, phase, id })),
  );

/** `up`, which must end well. */
export async function up(...args: readonly string[]): Promise<Result> {
  const result = await k8sb(['up', '--accept-new-host-keys', ...args]);
  if (result.code !== 0) throw new Error(`up ended with ${result.code}:\n${failures(result)}`);
  return result;
}

/** What went wrong, in the product's own words. */
export const failures = ({ events, stderr }: Pick<Result, 'events' | 'stderr'>): string =>
  [
    ...events.filter(({ type }) => type.endsWith('.failed')).map((event) => JSON.stringify(event)),
    stderr,
  ].join('\n');

/** Changes as short lines that a test can list: `w1 file:/etc/… update`. */
export const lines = (planned: readonly PlannedChange[]): string[] =>
  planned.map(({ host, id, kind }) => `${host} ${id} ${kind}`).sort();

/** Hosts as if just installed, and nothing left of earlier clusters on the controller. */
export async function freshLab(): Promise<void> {
  await Promise.all(['m1', 'w1', 'w2'].map((host) => lab('wipe', host)));
  rmSync(workFolder, { recursive: true, force: true });
  writeInventory();
}

/** What a person does who knows that a host was installed anew. */
export async function forgetHostKey(host: AnyHost): Promise<void> {
  const { code, stderr } = await command('ssh-keygen', [
    '-R',
    addressOf(host),
    '-f',
    join(stateFolder, 'known_hosts'),
  ]);
  if (code !== 0) throw new Error(stderr);
}

/** For a file that runs alone: a cluster that stands and has nothing to do. */
export async function standingCluster(): Promise<void> {
  if (!existsSync(kubeconfigFile)) await freshLab();
  writeInventory();
  const first = await k8sb(['up', '--accept-new-host-keys']);
  // A test that failed may have left a host that was installed anew.
  const strangers = HOSTS.filter((name) =>
    first.events.some(
      ({ type, host, error }) =>
        type === 'host.failed' && host === name && (error as { code: string }).code === 'E_HOST_KEY_CHANGED',
    ),
  );
  if (first.code !== 0 && strangers.length === 0) throw new Error(failures(first));
  for (const host of strangers) await forgetHostKey(host);
  if (strangers.length > 0) await up();
}
