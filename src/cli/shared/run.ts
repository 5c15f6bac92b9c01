import { setMaxListeners } from 'node:events';
import { BootstrapError, ExitCode, asBootstrapError } from '../../kernel/errors.ts';
import type { Confirm } from '../../cluster/first-contact.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Emit } from '../../run/events.ts';
import type { AskSecret } from '../../pki/passphrase.ts';
import { inLanguage } from '../../texts/hints.ts';
import { languageOf } from '../../texts/language.ts';
import { asker, secretAsker } from './ask.ts';
import type { GlobalOptions, ProcessIo } from './context.ts';

export interface RunContext {
  readonly emit: Emit;
  /** What the reporter masks; filled as secrets are read and made. */
  readonly secrets: Set<Secret>;
  /** Asks whoever sits at the terminal; `undefined` when nobody does. */
  readonly confirm: Confirm | undefined;
  /** Asks for a passphrase, which is not shown; `undefined` when nobody can be asked. */
  readonly ask: AskSecret | undefined;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

/**
 * Runs one command behind a reporter and turns whatever comes of it into an exit code.
 * The first interrupt asks the run to end when what it does is finished, the second ends it at once.
 */
export async function reported(
  around: ProcessIo,
  options: GlobalOptions,
  logFolder: string | undefined,
  command: string,
  action: (context: RunContext) => Promise<number>,
): Promise<number> {
  const [{ createReporter }, { runLog }] = await Promise.all([
    import('../../report/reporter.ts'),
    import('./run-log.ts'),
  ]);
  const secrets = new Set<Secret>();
  const reporter = createReporter({
    format: options.json ? 'json' : options.plain ? 'plain' : 'auto',
    stdout: around.stdout,
    stderr: around.stderr,
    env: around.env,
    secrets,
    verbose: options.verbose ?? false,
    ...(logFolder === undefined ? {} : { logFile: runLog(logFolder, command) }),
  });
  // Programs get the same words everywhere.
  const language = options.json ? 'en' : languageOf(options.lang, around.env);
  const emit: Emit = (event) => {
    const told = 'error' in event ? { ...event, error: inLanguage(language, event.error) } : event;
    reporter.emit({ ...told, at: new Date() });
  };
  const interrupts = watchInterrupts(emit, logFolder === undefined ? 'stopping' : BY_PHASES);
  const { stop, kill } = interrupts;
  const confirm = asker(around, options, () => reporter.flush(), stop);
  const ask = secretAsker(around, options, () => reporter.flush(), stop);
  try {
    const code = await action({ emit, secrets, confirm, ask, stop, kill });
    return kill.aborted ? (interrupts.code() ?? code) : code;
  } catch (thrown) {
    const error = kill.aborted ? stoppedAtOnce(thrown) : asBootstrapError(thrown);
    emit({ type: 'run.failed', error });
    return interrupts.code() ?? error.exitCode;
  } finally {
    interrupts.end();
    await reporter.close();
  }
}

/** Of runs that change hosts: they go by the phases, and leave a log. */
const BY_PHASES = 'stopping when the phase at work is done';

/** Whatever a run ends with after the second interrupt comes of that. */
function stoppedAtOnce(thrown: unknown): BootstrapError {
  return new BootstrapError('E_ABORTED', 'stopped at once; what was running on the hosts may be half done', {
    cause: thrown instanceof BootstrapError && thrown.code === 'E_ABORTED' ? undefined : thrown,
    exitCode: ExitCode.interrupted,
    hint: 'Run it again: what is missing is seen on the hosts.',
  });
}

function watchInterrupts(
  emit: Emit,
  stopping: string,
): {
  stop: AbortSignal;
  kill: AbortSignal;
  code(): number | undefined;
  end(): void;
} {
  const stop = new AbortController();
  const kill = new AbortController();
  // Every host listens; Node warns of more than ten, in the middle of what is drawn.
  setMaxListeners(0, stop.signal, kill.signal);
  let code: number | undefined;
  const on =
    (exitCode: number): (() => void) =>
    () => {
      if (stop.signal.aborted) kill.abort();
      else
        emit({
          type: 'note',
          level: 'warn',
          message: `${stopping}; once more to stop at once`,
        });
      code = exitCode;
      stop.abort();
    };
  const handlers: [NodeJS.Signals, () => void][] = [
    ['SIGINT', on(ExitCode.interrupted)],
    ['SIGTERM', on(ExitCode.terminated)],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    stop: stop.signal,
    kill: kill.signal,
    code: () => code,
    end: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
