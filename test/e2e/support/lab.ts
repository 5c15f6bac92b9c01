import { execFile, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`../../lab/${name}`, import.meta.url));

export interface LabSettings {
  readonly instance: number;
  /** First three bytes of every address: `198.18.0`. */
  readonly net: string;
  /** Address of the controller: mirror and registry answer there. */
  readonly controller: string;
  readonly run: string;
  readonly cache: string;
  /** Private key that root and ops let in. */
  readonly key: string;
}

/** The lab's own settings, for the instance that `$K8SB_LAB_INSTANCE` names. */
export const settings: LabSettings = readSettings();

function readSettings(): LabSettings {
  const names = ['K8SB_LAB_INSTANCE', 'LAB_NET', 'LAB_CONTROLLER', 'K8SB_LAB_RUN', 'K8SB_LAB_CACHE'];
  const print = `. ${script('hosts/env.sh')}; printf '%s\\n' ${names.map((name) => `"$${name}"`).join(' ')}`;
  const text = execFileSync('bash', ['-eu', '-c', print], { encoding: 'utf8' });
  const [instance = '0', net = '', controller = '', folder = '', cache = ''] = text.split('\n');
  return { instance: Number(instance), net, controller, run: folder, cache, key: `${folder}/id_ed25519` };
}

export const HOSTS = ['m1', 'w1', 'w2'] as const;
export type HostName = (typeof HOSTS)[number];

/** Virtual machines, there after `lab up --nfs` alone: an NFS server, and a worker that can mount. */
export const NFS_HOSTS = ['n1', 'v1'] as const;
/** There after `lab up --hosts 5`. */
export const MORE_HOSTS = ['w3', 'w4'] as const;
export type AnyHost = HostName | (typeof NFS_HOSTS)[number] | (typeof MORE_HOSTS)[number];

const NUMBERS: Readonly<Record<AnyHost, number>> = {
  ...{ m1: 11, w1: 12, w2: 13, w3: 14, w4: 15 },
  ...{ n1: 201, v1: 211 },
};

export const addressOf = (host: AnyHost): string => `${settings.net}.${NUMBERS[host]}`;

/** One command of `test/lab/lab.sh`; its output. Throws when it fails. */
export async function lab(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('bash', [script('lab.sh'), ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** An inventory of the lab that is tested, as text; `--nfs` with the virtual machines. */
export const labInventory = (...options: readonly '--nfs'[]): string =>
  execFileSync('bash', [script('lab.sh'), 'inventory', ...options], { encoding: 'utf8' });

/** Runs a script as root on a host, over ssh, and returns what it printed. Throws, with stderr, when it fails. */
export async function onHost(host: AnyHost, text: string): Promise<string> {
  const { code, stdout, stderr } = await tryOnHost(host, text);
  if (code === 0) return stdout;
  throw new Error(`on ${host}: code ${code}\n${text}\n${stdout}\n${stderr}`);
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const tryOnHost = (host: AnyHost, text: string): Promise<Output> =>
  command('bash', [script('lab.sh'), 'ssh', host, 'sh -s'], { stdin: text });

/** The same script on all hosts at once, by host. */
export async function onHosts(text: string): Promise<Map<HostName, string>>;
export async function onHosts<H extends AnyHost>(text: string, hosts: readonly H[]): Promise<Map<H, string>>;
export async function onHosts(
  text: string,
  hosts: readonly AnyHost[] = HOSTS,
): Promise<Map<AnyHost, string>> {
  return new Map(await Promise.all(hosts.map(async (host) => [host, await onHost(host, text)] as const)));
}

export interface CommandOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Called with the process, to send it signals. */
  readonly started?: (child: ReturnType<typeof spawn>) => void;
  readonly onStdout?: (text: string) => void;
}

/** Runs a program to its end; any exit code is an answer. A signal's death reads as 128 and its number, as in a shell. */
export function command(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Output> {
  const { stdin = '', env = process.env, cwd, started, onStdout } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'pipe', ...(cwd === undefined ? {} : { cwd }) });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      out.push(chunk);
      onStdout?.(chunk.toString('utf8'));
    });
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = (parts: Buffer[]): string => Buffer.concat(parts).toString('utf8');
      const killed = signal === null ? 1 : 128 + (SIGNALS[signal] ?? 0);
      resolve({ code: code ?? killed, stdout: text(out), stderr: text(err) });
    });
    // A program that ends without reading is no error of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    started?.(child);
  });
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
