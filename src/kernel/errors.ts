/** Where a problem was found: a place in a file, or a place in a run. */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly host?: string;
  readonly phase?: string;
  readonly resource?: string;
  /** The systemd unit whose journal tells more. */
  readonly unit?: string;
}

/** Process exit codes: the interface scripts rely on. */
export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  attention: 3,
  someHostsFailed: 4,
  locked: 5,
  interrupted: 130,
  terminated: 143,
} as const;

export interface ErrorDetails {
  /** What to do about it, in one or two sentences. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly where?: Where;
  readonly exitCode?: number;
}

/**
 * The one error this program throws on purpose. `code` is stable (`E_…`) and is what callers compare;
 * `message` says what was wrong with which value; anything else that is thrown is a bug.
 */
export class BootstrapError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly where: Where;
  readonly exitCode: number;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BootstrapError';
    this.code = code;
    this.hint = details.hint;
    this.where = details.where ?? {};
    this.exitCode = details.exitCode ?? ExitCode.failed;
  }

  /** The same error, with its place filled in by a caller who knows more. */
  at(where: Where): BootstrapError {
    return new BootstrapError(this.code, this.message, {
      hint: this.hint,
      cause: this.cause,
      where: { ...where, ...this.where },
      exitCode: this.exitCode,
    });
  }
}

/** What was thrown says, whatever it is. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** Turns whatever was thrown into an error with a code; unknown things become `E_BUG`. */
export function asBootstrapError(thrown: unknown): BootstrapError {
  if (thrown instanceof BootstrapError) return thrown;
  return new BootstrapError('E_BUG', messageOf(thrown), {
    cause: thrown,
    hint: 'This is a bug in k8s-bootstrap. Please report it with the log file.',
  });
}
