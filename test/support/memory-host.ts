import { BootstrapError } from '../../src/kernel/errors.ts';
import { STARTED } from '../../src/transport/feed.ts';
import type { ExecOptions, ExecResult, Session } from '../../src/transport/session.ts';

/**
 * A host in memory: it holds words by name, and takes the engine's own scripts apart instead of running them.
 *
 * Questions may be `get NAME`, steps `set NAME VALUE` and `fail CODE MESSAGE`; it has no unit that could be enabled.
 * Anything else is refused, as an unknown command would be by a shell. Fast enough for a thousand at once.
 */
export interface MemoryHost {
  readonly name: string;
  readonly words: Map<string, string>;
  /** What its sessions were asked to do, in order: `connect`, `probe`, `lock OWNER`, `unlock`, `apply set a 1`, `journal`. */
  readonly log: string[];
  /** Called before each question and step; may change words, wait, or throw as a broken connection does. */
  before: (what: string) => void | Promise<void>;
  /** What a step comes to, in words that it knows, for scripts that are meant for a shell. */
  means: (step: string) => string;
  /** Called after each step: what a restart does to a service. */
  after: (what: string) => void;
  lockedBy: string | undefined;
  /** Whether its next holder waits for a step that an earlier run has left. */
  busy: boolean;
  /** Ends whoever holds its lock, as an `flock` that is killed does. */
  loseLock: () => void;
  connections: number;
  /** Of its connections, those that are open. */
  open: number;
  execs: number;
  /** What its last batch of steps might take beyond any command's time. */
  moreMs: number | undefined;
}

export function memoryHost(name: string, words: Readonly<Record<string, string>> = {}): MemoryHost {
  return {
    name,
    words: new Map(Object.entries(words)),
    log: [],
    before: () => undefined,
    means: (step) => step,
    after: () => undefined,
    lockedBy: undefined,
    busy: false,
    loseLock: () => undefined,
    connections: 0,
    open: 0,
    execs: 0,
    moreMs: undefined,
  };
}

/** A new connection to a host. */
export function connectTo(host: MemoryHost): Session {
  host.connections += 1;
  host.open += 1;
  host.log.push('connect');
  return {
    host: host.name,
    stats: {
      get connections() {
        return host.connections;
      },
      get execs() {
        return host.execs;
      },
      bytesSent: 0,
    },
    async exec(_command, options: ExecOptions = {}) {
      host.execs += 1;
      if (options.signal?.aborted) throw new BootstrapError('E_ABORTED', `${host.name}: stopped`);
      const input = iterate(options.stdin ?? []);
      const script = await readScript(input);
      const run = await answer(host, script, input, options);
      return { ...run, stderr: Buffer.concat([Buffer.from(STARTED), run.stderr]) };
    },
    close: () => {
      host.open -= 1;
      return Promise.resolve();
    },
  };
}

async function answer(
  host: MemoryHost,
  script: string,
  input: AsyncIterator<Uint8Array>,
  options: ExecOptions,
): Promise<ExecResult> {
  if (script.includes('flock -w 1 9 ||')) return lock(host, script, input, options);
  if (/^N=/m.test(script)) return probe(host, script);
  if (script.includes('journalctl')) {
    host.log.push('journal');
    return said(host.words.get('journal') ?? '');
  }
  return apply(host, script, options);
}

const said = (stdout: string, code = 0, stderr = ''): ExecResult => ({
  code,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});

async function probe(host: MemoryHost, script: string): Promise<ExecResult> {
  await host.before('probe');
  host.log.push('probe');
  const nonce = /^N=(\S+)$/m.exec(script)?.[1] ?? '';
  const asked = script.matchAll(/ begin (quick\.\d+)\n' "\$N"\n\{ (.*)\n\} 2>&1/g);
  const frames = [...asked].map(([, frame = '', question = '']) => {
    const [, word] = /^(?:get|systemctl show -p \S+) (\S+)$/.exec(question) ?? [];
    if (word === undefined) throw new Error(`a memory host cannot answer: ${question}`);
    const value = host.words.get(word);
    return `\n${nonce} begin ${frame}\n${value ?? ''}\n\ncode ${value === undefined ? 1 : 0}`;
  });
  return said(`${frames.join('')}\n${nonce} complete\n`);
}

async function apply(host: MemoryHost, script: string, options: ExecOptions): Promise<ExecResult> {
  const proof = /flock -n 7 \|\| ! grep -qsxF -- (\S+) /.exec(script)?.[1];
  if (proof === undefined || proof !== locks.get(host)) return said('', 76);
  const steps = [...script.matchAll(/^echo '(\S+) begin (\S+)'; [^\n]*\n\( set -e; ([\s\S]*?)\n\) >&2/gm)];
  if (steps.length === 0) throw new Error(`a memory host does not know this script:\n${script}`);
  host.moreMs = options.moreMs;
  let stdout = '';
  let stderr = '';
  const print = (line: string): void => {
    stdout += `${line}\n`;
    options.onStdout?.(Buffer.from(`${line}\n`));
  };
  for (const [, nonce = '', id = '', command = ''] of steps) {
    await host.before(command);
    host.log.push(`apply ${command}`);
    print(`${nonce} begin ${id}`);
    stderr += `${nonce} begin ${id}\n`;
    const known = host
      .means(command)
      .replace(/^(?:was_unit \S+\n)?systemctl enable (\S+)$/, 'fail 1 Unit $1 does not exist');
    const [, verb, first = '', rest = ''] = /^(set|fail) (\S+) (.*)$/s.exec(known) ?? [];
    if (verb === 'set') host.words.set(first, rest);
    else if (verb === 'fail') {
      stderr += `${rest}\n`;
      print(`${nonce} fail ${id} ${first}`);
      return said(stdout, 1, stderr);
    } else throw new Error(`a memory host cannot: ${command}`);
    host.after(command);
    print(`${nonce} ok ${id}`);
  }
  return said(stdout, 0, stderr);
}

/** The tokens of those who hold the locks of hosts. */
const locks = new WeakMap<MemoryHost, string>();

/** Held until the input ends, or it is lost, as the real script holds it. */
async function lock(
  host: MemoryHost,
  script: string,
  input: AsyncIterator<Uint8Array>,
  options: ExecOptions,
): Promise<ExecResult> {
  const [, owner = 'nobody', token = ''] =
    /printf '%s since %s\\n%s\\n' '(.*)' "\$\(.*\)" (\S+) >/.exec(script) ?? [];
  if (options.timeoutMs !== Infinity) throw new Error('a run holds its lock for as long as it takes');
  if (host.lockedBy !== undefined) return said(`${host.lockedBy} since noon\n`, 75);
  host.lockedBy = owner;
  locks.set(host, token);
  host.log.push(`lock ${owner}`);
  const gone = new Promise<'gone'>((resolve) => {
    host.loseLock = () => {
      resolve('gone');
    };
  });
  const aborted = new Promise<never>((_, reject) => {
    options.signal?.addEventListener('abort', () => {
      reject(new BootstrapError('E_ABORTED', `${host.name}: stopped`));
    });
  });
  try {
    if (host.busy) {
      options.onStdout?.(Buffer.from('busy\n'));
      await aborted;
    }
    options.onStdout?.(Buffer.from('locked\n'));
    for (;;) {
      const next = await Promise.race([input.next(), gone, aborted]);
      if (next === 'gone' || next.done === true) break;
      options.onStdout?.(next.value as Buffer);
    }
    return said('locked\n');
  } finally {
    host.lockedBy = undefined;
    locks.delete(host);
    host.log.push('unlock');
  }
}

const iterate = (source: NonNullable<ExecOptions['stdin']>): AsyncIterator<Uint8Array> =>
  (async function* () {
    yield* source;
  })();

async function readScript(input: AsyncIterator<Uint8Array>): Promise<string> {
  let data = Buffer.alloc(0);
  for (;;) {
    const end = data.indexOf('\n') + 1;
    const length = Number(data.subarray(0, end).toString());
    if (end > 0 && data.length >= end + length) return data.subarray(end, end + length).toString('utf8');
    const next = await input.next();
    if (next.done === true) throw new Error('the script arrived cut short');
    data = Buffer.concat([data, next.value]);
  }
}
