import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CommandOptions,
  HOSTS,
  type AnyHost,
  type HostName,
  type Output,
  addressOf,
  command,
  lab,
  labInventory,
  settings,
} from './lab.ts';
import { expect } from 'vitest';
import { type Event, lines, plannedIn, workFolder } from './product.ts';

const binary = fileURLToPath(new URL('../../../bin/k8s-bootstrap', import.meta.url));

/** An inventory in a folder of its own, apart from the cluster that the other files share. */
export interface Scene {
  readonly folder: string;
  readonly inventory: string;
  /** Where the product keeps what it makes. */
  readonly state: string;
  write(text: string): void;
  /** Runs the product there, with `--json`. */
  run(args: readonly string[], options?: CommandOptions): Promise<Ended>;
  /** Types an answer on a terminal. Both outputs come as one. */
  onTerminal(args: readonly string[], typed: string): Promise<Output>;
  remove(): void;
}

export interface Ended extends Output {
  readonly events: readonly Event[];
  /** Every error that was told, hosts' own first. */
  readonly errors: readonly ToldError[];
}

export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly where: { readonly host?: string; readonly phase?: string; readonly resource?: string };
}

export function scene(
  cluster: string,
  text = '',
  folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-scene-')),
): Scene {
  mkdirSync(folder, { recursive: true });
  const inventory = join(folder, 'inventory.yaml');
  const environment = (env: CommandOptions['env']): NonNullable<CommandOptions['env']> => ({
    PATH: process.env['PATH'],
    HOME: folder,
    K8S_BOOTSTRAP_INVENTORY: inventory,
    ...env,
  });
  const write = (content: string): void => {
    writeFileSync(inventory, content);
  };
  if (text !== '') write(text);
  return {
    folder,
    inventory,
    state: join(folder, '.k8s-bootstrap', cluster),
    write,
    async run(args, options = {}) {
      const all = { ...options, cwd: folder, env: environment(options.env) };
      const output = await command('node', [binary, '--json', ...args], all);
      const lines = output.stdout.split('\n').filter((line) => line.startsWith('{'));
      const events = lines.map((line) => JSON.parse(line) as Event);
      const errors = events
        .filter(({ type }) => type.endsWith('.failed'))
        .map(({ error }) => error as ToldError);
      return { ...output, events, errors };
    },
    onTerminal(args, typed) {
      // `script` gives a terminal; what is typed must be there when the question is.
      const line = ['node', binary, '--plain', ...args].map((word) => `'${word}'`).join(' ');
      const waiting = `(sleep 3; printf '%s' '${typed}'; sleep 1) | script -qefc "stty -echo; ${line}" /dev/null`;
      return command('bash', ['-c', waiting], { cwd: folder, env: { ...environment({}), TERM: 'dumb' } });
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How many changes the summary tells. */
export const changedBy = ({ events }: Ended): unknown => events.at(-1)?.['changed'];

/** What went wrong, for whoever reads that a test is red. */
export const explained = ({ errors, stderr }: Ended): string =>
  `${JSON.stringify(errors, null, 1)}\n${stderr}`;

/** That the next `up` would change nothing: a red test says what it would. */
export async function nothingToDo({ run }: Pick<Scene, 'run'>): Promise<void> {
  const plan = await run(['plan', '--detailed-exitcode']);
  expect(lines(plannedIn(plan.events)), explained(plan)).toEqual([]);
  expect(plan.code, explained(plan)).toBe(0);
}

/** How a run has ended; of one that went well, `WELL`. */
export const done = ({ code, errors, stderr }: Ended): unknown => ({
  code,
  errors,
  stderr: code === 0 ? '' : stderr,
});
export const WELL = { code: 0, errors: [], stderr: '' };

/**
 * Settings of the lab with those of a scene behind them, which say everything of what they name at all. Scenes that are
 * about something else do not wait for names, and take no snapshots by the clock.
 */
function settingsWith(more: string): string {
  const common = labInventory();
  const own = /^dns:/m.test(more) ? more : `${more}\ndns: { provider: none }\n`;
  const named = new Set(['etcd', ...[...own.matchAll(/^(\w+):/gm)].map(([, name]) => name)]);
  const kept = common
    .slice(common.indexOf('\nssh:\n'))
    .replaceAll(/^(\w+):.*\n(?: .*\n)*/gm, (section, name: string) => (named.has(name) ? '' : section));
  return `${kept}\n${own}`;
}

/** These hosts with the lab's own settings, of the version that the lab has built: the default is another. */
function inventoryOf(name: string, hosts: readonly string[], more: string): string {
  const version = /^kubernetes:\n(?: .*\n)+/m.exec(labInventory())?.[0] ?? '';
  return `name: ${name}\n${version}hosts:\n${hosts.join('')}${settingsWith(more)}`;
}

/** The first host alone, with the lab's own settings, and no DNS unless asked for; further lines are put at the end. */
export function aloneInventory(name: string, host: AnyHost = 'm1', more = ''): string {
  const only = `  - { name: ${host}, address: ${addressOf(host)}, roles: [master, etcd, worker], runtime: containerd }\n`;
  return inventoryOf(name, [only], more);
}

/** Of the three masters that files share. */
const mastersFolder = join(workFolder, 'masters');

/** Hosts as if just installed; the clusters that files share are gone with them, and so is their state. */
export async function wipe(...hosts: readonly HostName[]): Promise<void> {
  await Promise.all(hosts.map((host) => lab('wipe', host)));
  rmSync(workFolder, { recursive: true, force: true });
}

/** A key pair in a folder. */
export async function newKey(
  folder: string,
  name: string,
  passphrase = '',
): Promise<{ file: string; publicLine: string }> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', file]);
  const { stdout } = await command('cat', [`${file}.pub`]);
  return { file, publicLine: stdout.trim() };
}

/** Everything below a folder, as sorted paths. */
export const filesBelow = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String).sort() : [];

export const mirror = `http://${settings.controller}:8080`;

export interface Masters {
  readonly name: string;
  /** All of them workers, too. */
  readonly hosts: readonly AnyHost[];
  readonly masters: readonly AnyHost[];
  /** Of etcd. */
  readonly members: readonly AnyHost[];
  readonly extra?: string;
}

/** An inventory of several masters, with the lab's own settings. */
export function masters({ name, hosts, masters, members, extra = '' }: Masters): string {
  const all = hosts.map((host) => {
    const roles = [
      ...(masters.includes(host) ? ['master'] : []),
      ...(members.includes(host) ? ['etcd'] : []),
      'worker',
    ].join(', ');
    return `  - { name: ${host}, address: ${addressOf(host)}, roles: [${roles}], runtime: containerd }\n`;
  });
  return inventoryOf(name, all, extra);
}

const mastersInventory = (
  extra = '',
  hosts: readonly AnyHost[] = HOSTS,
  itsMasters: readonly AnyHost[] = hosts,
): string => masters({ name: 'three', hosts, masters: itsMasters, members: hosts, extra });

/** Three hosts that are masters, members of etcd and workers, with nothing left to do; and the run that saw to it. */
export async function threeMasters(
  from: 'nothing' | 'what stands',
  masters: readonly HostName[] = HOSTS,
): Promise<{
  readonly three: Scene;
  readonly first: Ended;
  readonly inventory: typeof mastersInventory;
}> {
  if (from === 'nothing' || !existsSync(mastersFolder)) await wipe(...HOSTS);
  const three = scene('three', mastersInventory('', HOSTS, masters), mastersFolder);
  return { three, first: await three.run(['up', '--accept-new-host-keys']), inventory: mastersInventory };
}
