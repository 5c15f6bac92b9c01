import { BootstrapError } from '../kernel/errors.ts';
import { type ExecOptions, type ExecResult, hasSpoken, type Session } from './session.ts';

/**
 * In a script, the payload is read from this descriptor: `head -c 1234 <&3`. GNU `head -c` never reads
 * further than it was told, so what follows stays there for the next step.
 */
export const PAYLOAD_FD = 3;

/** The exit code when the script arrived incomplete; nothing of it was run then. */
export const CUT_SHORT = 125;

/** What the host's shell says on stderr once it has the whole script: all before it is not ours. */
export const STARTED = 'k8s-bootstrap: started\n';

export interface ScriptOptions extends Omit<ExecOptions, 'stdin' | 'onStderr'> {
  /** POSIX sh. It runs as one function whose stdin is `/dev/null`. */
  readonly script: string;
  /** Bytes for the script's own steps, in the order they read them. */
  readonly payload?: AsyncIterable<Uint8Array>;
}

export interface ScriptResult extends ExecResult {
  /**
   * Whether the script ran: an account without a shell, a forced command or an expired password answer in its place,
   * with any code. What they print is in the outputs.
   */
  readonly started: boolean;
}

/**
 * Runs a script of any size over stdin: an argument is limited to 128 KiB (MAX_ARG_STRLEN) and visible in `ps`.
 *
 * The first line holds the script's length in bytes. The shell reads exactly that much, compares, and only then
 * evaluates it as one function, so a cut stream runs nothing, and a step that reads stdin swallows nothing.
 * @throws E_SCRIPT for a script with a NUL byte, which no shell variable can carry; else as `Session.exec`
 */
export async function runScript(
  session: Session,
  { script, payload, ...options }: ScriptOptions,
): Promise<ScriptResult> {
  if (script.includes('\0')) {
    throw new BootstrapError('E_SCRIPT', `${session.host}: the script contains a NUL byte`, {
      hint: 'Binary data belongs into the payload.',
    });
  }
  const result = await session.exec(BOOTSTRAP, { ...options, stdin: frame(script, payload) });
  const at = result.stderr.indexOf(STARTED);
  if (at >= 0) return { ...result, stderr: result.stderr.subarray(at + STARTED.length), started: true };
  return { ...result, started: hasSpoken(result.stdout, options.lastWords) };
}

/**
 * One line without `!`, so that even csh as a login shell passes it on unchanged. `LC_ALL=C`, which every session
 * sets, makes `${#…}` count bytes. The variables are unset first: had they come from the environment, they would be
 * exported, and 128 KiB in one variable stops every program from starting. No core file: secrets pass through here.
 */
const BOOTSTRAP = [
  'ulimit -c 0; unset _k8sb_n _k8sb_s;',
  'IFS= read -r _k8sb_n && _k8sb_s=$(head -c "$_k8sb_n") && [ "${#_k8sb_s}" -eq "$_k8sb_n" ] ||',
  `{ echo script arrived cut short >&2; exit ${CUT_SHORT}; };`,
  `echo ${STARTED.trim()} >&2; exec ${PAYLOAD_FD}<&0; eval "$_k8sb_s"`,
].join(' ');

async function* frame(
  script: string,
  payload: AsyncIterable<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array> {
  // The last line ends without a newline: `$(…)` would strip it, and the lengths would differ.
  const text = Buffer.from(`main() {\n${script}\n}\nmain </dev/null`);
  yield Buffer.concat([Buffer.from(`${text.length}\n`), text]);
  if (payload) yield* payload;
}
