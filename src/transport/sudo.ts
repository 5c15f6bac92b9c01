import { randomBytes } from 'node:crypto';
import { BootstrapError } from '../kernel/errors.ts';
import { quote, sh } from '../kernel/quote.ts';
import { redact, type Secret } from '../kernel/secret.ts';
import { quotable } from '../kernel/quotable.ts';
import { type ExecOptions, type ExecResult, hasSpoken, type Session } from './session.ts';

export interface SudoOptions {
  readonly password?: Secret | undefined;
  /** How long sudo may take to ask or to start the command; default 30 s. */
  readonly startTimeoutMs?: number;
}

/**
 * The same session as root. Without a password `sudo -n` is used, and a sudo that asks is an error.
 *
 * With one, the password is sent only after sudo has asked for it, and the command's own input only after the command
 * has started; both are seen by a random marker on stderr. A password sent unasked (NOPASSWD, or still cached) would
 * become the command's input, and end in a file.
 * @throws besides what the session throws: E_SUDO_PASSWORD (missing or wrong; never sent twice, accounts lock),
 * E_SUDO_DENIED, E_SUDO_TTY, E_SUDO_MISSING, E_SUDO
 */
export function withSudo(session: Session, { password, startTimeoutMs = 30_000 }: SudoOptions = {}): Session {
  return {
    host: session.host,
    stats: session.stats,
    exec: (command, options = {}) => {
      const nonce = randomBytes(12).toString('hex');
      const watch = watchStderr(`${nonce}P`, `${nonce}R\n`, options.onStderr);
      const flags = password ? sh`-S -p ${`${nonce}P`}` : '-n';
      const inner = `LC_ALL=C; export LC_ALL; echo ${quote(`${nonce}R`)} >&2; exec sh -c ${quote(command)}`;
      return run(session, `sudo -H ${flags} sh -c ${quote(inner)}`, {
        options,
        watch,
        password,
        startTimeoutMs,
      });
    },
    close: () => session.close(),
  };
}

interface Run {
  readonly options: ExecOptions;
  readonly watch: StderrWatch;
  readonly password: Secret | undefined;
  readonly startTimeoutMs: number;
}

async function run(
  session: Session,
  command: string,
  { options, watch, password, startTimeoutMs }: Run,
): Promise<ExecResult> {
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort(options.signal?.reason);
  };
  if (options.signal?.aborted) abort();
  options.signal?.addEventListener('abort', abort);
  // A PAM module with a question of its own (a one-time code) never shows our prompt, and would wait for ever.
  // Counted from sudo's first word: before it, the command may be waiting for its turn.
  let timer: NodeJS.Timeout | undefined;
  const see = (chunk: Buffer): void => {
    watch.see(chunk);
    if (watch.hasStarted()) clearTimeout(timer);
    else {
      timer ??= setTimeout(() => {
        limit.abort();
      }, startTimeoutMs);
    }
  };
  try {
    const result = await session.exec(command, {
      ...options,
      signal: limit.signal,
      stdin: password ? answer(watch, password, options.stdin) : (options.stdin ?? []),
      onStderr: see,
    });
    // Who has said the last words has started, though the marker that tells it may come later or never.
    if (!watch.hasStarted() && hasSpoken(result.stdout, options.lastWords)) {
      return { ...result, stderr: Buffer.alloc(0) };
    }
    return judge(session.host, result, watch, password);
  } catch (error) {
    const stuck = limit.signal.aborted && !options.signal?.aborted;
    throw stuck ? stuckError(session.host, watch, password, startTimeoutMs) : error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
    watch.end();
  }
}

/** What goes to sudo's stdin: the password when it asks, then the command's input when the command runs. */
async function* answer(
  watch: StderrWatch,
  password: Secret,
  input: ExecOptions['stdin'],
): AsyncGenerator<Uint8Array> {
  if ((await watch.next()) === 'prompt') {
    yield Buffer.from(`${password.reveal()}\n`);
    // A second prompt means that it was wrong. Our input ends here, and sudo gives up.
    await watch.next();
  }
  if (watch.hasStarted() && input) yield* input;
}

interface StderrWatch {
  see(chunk: Buffer): void;
  /** The next thing that happens: sudo asks, the command starts, or all is over. */
  next(): Promise<'prompt' | 'started' | 'ended'>;
  hasStarted(): boolean;
  prompts(): number;
  /** All that sudo itself has printed. */
  said(): Buffer;
  /** Where the command's own output begins. */
  commandAt(): number;
  end(): void;
}

/** Follows stderr up to the command's start, and passes on what comes after it. */
function watchStderr(
  prompt: string,
  start: string,
  pass: ((chunk: Buffer) => void) | undefined,
): StderrWatch {
  let before = Buffer.alloc(0);
  let running = false;
  let asked = 0;
  let reported = 0;
  let over = false;
  let wake = (): void => undefined;

  return {
    see(chunk) {
      if (running) {
        pass?.(chunk);
        return;
      }
      before = Buffer.concat([before, chunk]);
      asked = before.toString('latin1').split(prompt).length - 1;
      const at = before.indexOf(start);
      if (at >= 0) {
        const rest = before.subarray(at + start.length);
        before = before.subarray(0, at);
        running = true;
        if (rest.length > 0) pass?.(rest);
      }
      wake();
    },
    async next() {
      while (!running && !over && asked === reported) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (running) return 'started';
      if (over) return 'ended';
      reported = asked;
      return 'prompt';
    },
    hasStarted: () => running,
    prompts: () => asked,
    said: () => before,
    commandAt: () => before.length + start.length,
    end() {
      over = true;
      wake();
    },
  };
}

function judge(
  host: string,
  result: ExecResult,
  watch: StderrWatch,
  password: Secret | undefined,
): ExecResult {
  if (watch.hasStarted()) {
    return { ...result, stderr: result.stderr.subarray(watch.commandAt()) };
  }
  const said = text(watch, password, result.stdout);
  const asked = watch.prompts();
  const refusal = REFUSALS.find(({ match }) => match({ said, asked, code: result.code }));
  throw new BootstrapError(
    refusal?.code ?? 'E_SUDO',
    `${host}: ${refusal?.what ?? `sudo failed with exit code ${result.code}`}${refusal?.told === true ? '' : `: ${said || 'it said nothing'}`}`,
    { where: { host }, hint: refusal?.hint },
  );
}

interface Refused {
  readonly said: string;
  /** How often it has asked for the password: it was sent only if it has. */
  readonly asked: number;
  readonly code: number;
}

interface Refusal {
  readonly match: (refused: Refused) => boolean;
  readonly code: string;
  readonly what: string;
  /** Whether that says all that sudo said. */
  readonly told?: true;
  readonly hint: string;
}

const saying =
  (pattern: RegExp) =>
  ({ said }: Refused): boolean =>
    pattern.test(said);

/** What sudo 1.8 and 1.9 say, in the C locale. The first that fits counts. */
const REFUSALS: readonly Refusal[] = [
  {
    match: saying(
      /account or password is expired|expired password|password expired|account validation failure/i,
    ),
    code: 'E_SUDO_ACCOUNT',
    what: 'sudo refuses because the account or its password has expired',
    hint: 'As root on the host: chage -l USER shows what has run out; passwd USER, or chage -E -1 -M -1 USER.',
  },
  {
    match: ({ said, asked }) =>
      asked > 1 || (asked === 1 && /incorrect password|try again|no password was provided/i.test(said)),
    code: 'E_SUDO_PASSWORD',
    what: 'sudo does not accept the password',
    told: true,
    hint: 'Check ssh.sudo.password. It was sent once and is not tried again, so that the account is not locked.',
  },
  {
    match: saying(/must have a tty/i),
    code: 'E_SUDO_TTY',
    what: 'sudo insists on a terminal (requiretty)',
    told: true,
    hint: "On the host: echo 'Defaults !requiretty' > /etc/sudoers.d/k8s-bootstrap && chmod 440 /etc/sudoers.d/k8s-bootstrap",
  },
  {
    match: saying(/sudo: .*(?:password is required|a terminal is required)/i),
    code: 'E_SUDO_PASSWORD',
    what: 'sudo asks for a password, and none was given',
    told: true,
    hint: 'Give ssh.sudo.password, or allow the user sudo without one (NOPASSWD).',
  },
  {
    match: saying(/not in the sudoers|not allowed to (execute|run)|may not run sudo/i),
    code: 'E_SUDO_DENIED',
    what: 'sudo does not let this user run commands as root',
    told: true,
    hint: 'Log in as a user who is in sudoers with ALL (group wheel on CentOS), or as root.',
  },
  {
    match: ({ said, code }) => code === 127 || /sudo: (command )?not found/i.test(said),
    code: 'E_SUDO_MISSING',
    what: 'sudo is not installed',
    told: true,
    hint: 'Install sudo on the host, or log in as root.',
  },
];

function stuckError(
  host: string,
  watch: StderrWatch,
  password: Secret | undefined,
  ms: number,
): BootstrapError {
  const said = text(watch, password) || 'nothing';
  return new BootstrapError(
    'E_SUDO',
    `${host}: sudo did not start the command within ${ms / 1000} s; it said: ${said}`,
    {
      where: { host },
      hint: 'sudo may ask for more than a password (a one-time code), or wait for a directory server. Try it by hand.',
    },
  );
}

/** What sudo said, or whoever answered in its place, in one line, without our prompt. */
function text(watch: StderrWatch, password: Secret | undefined, stdout: Buffer = Buffer.alloc(0)): string {
  const said = quotable(
    stdout,
    watch
      .said()
      .toString()
      .replaceAll(/[0-9a-f]{24}P/g, ' '),
  );
  return password ? redact(said, [password]) : said;
}
