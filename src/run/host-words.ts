import { BootstrapError } from '../kernel/errors.ts';
import { quotable } from '../kernel/quotable.ts';
import type { ExecResult } from '../transport/session.ts';

/** What stands in for a shell tells why there is none, to a person; here its words become the error. */

interface Knowing {
  /** What to tell of an error by what a host said, where that is known. */
  readonly knownError: (said: string) => { readonly code: string; readonly hint: string } | undefined;
}

/** The script that was sent did not run: somebody else has answered. */
export function notStarted({ knownError }: Knowing, { code, stdout, stderr }: ExecResult): BootstrapError {
  const said = quotable(stdout, stderr);
  const known = knownError(said);
  return new BootstrapError(
    known?.code ?? 'E_NO_SHELL',
    `the host did not run what it was sent, but ended with code ${code} ${saying(said)}`,
    {
      hint:
        known?.hint ??
        'The account needs a POSIX shell and must be free to run commands: no nologin shell, no ForceCommand, no command= in authorized_keys.',
    },
  );
}

/** The script of a probe has begun and not come to its end. */
export function cutProbe(
  { knownError }: Knowing,
  nonce: string,
  { code, stdout, stderr }: ExecResult,
): BootstrapError {
  const first = stdout.indexOf(`\n${nonce} begin `);
  const said = quotable(first < 0 ? stdout : stdout.subarray(0, first), stderr);
  const known = knownError(said);
  return new BootstrapError(
    known?.code ?? 'E_PROBE',
    `the probe script did not run to its end on the host, but ended with code ${code} ${saying(said)}`,
    { hint: known?.hint ?? 'Is /bin/sh a POSIX shell there, and has /run space left (df /run)?' },
  );
}

/** Of a login that was refused, and of sudo that failed in a way that is none of its own, the host's words may be known. */
export function knownBetter({ knownError }: Knowing, thrown: unknown): unknown {
  if (!(thrown instanceof BootstrapError) || !['E_SUDO', 'E_AUTH'].includes(thrown.code)) return thrown;
  const known = knownError(thrown.message);
  if (known === undefined) return thrown;
  return new BootstrapError(known.code, thrown.message, {
    hint: known.hint,
    cause: thrown,
    where: thrown.where,
  });
}

const saying = (said: string): string => (said === '' ? 'and said nothing' : `and said: ${said}`);
