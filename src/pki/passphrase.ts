import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';

/** Asks for a secret that is not shown while it is typed; `undefined` when nothing was typed. */
export type AskSecret = (question: string) => Promise<Secret | undefined>;

/** Where a passphrase comes from: it is known already, or somebody can be asked. */
export interface PassphraseSource {
  readonly known: Secret | undefined;
  readonly ask: AskSecret | undefined;
}

/** Of the keys in the state folder, for whoever cannot be asked. */
export const PASSPHRASE_VARIABLE = 'K8S_BOOTSTRAP_PASSPHRASE';

/**
 * @param what what it opens, as part of a sentence
 * @param hint how to give it without a terminal
 * @throws E_PASSPHRASE, exit code 2
 */
export async function passphraseFor(what: string, hint: string, source: PassphraseSource): Promise<Secret> {
  const passphrase = source.known ?? (await source.ask?.(`Passphrase of ${what}: `));
  return passphrase ?? refuse(`the passphrase of ${what} is needed`, hint);
}

/**
 * The same for one that is chosen: typed twice.
 * @throws E_PASSPHRASE, exit code 2
 */
export async function newPassphrase(what: string, hint: string, source: PassphraseSource): Promise<Secret> {
  const chosen = source.known ?? (await source.ask?.(`New passphrase for ${what}: `));
  if (chosen === undefined) return refuse(`a passphrase for ${what} is needed`, hint);
  if (chosen.reveal().length < MIN_LENGTH) {
    refuse(
      'the passphrase is too short',
      `Take ${MIN_LENGTH} characters or more; several words are easy to remember.`,
    );
  }
  if (source.known !== undefined) return chosen;
  const again = await source.ask?.('The same once more: ');
  return again?.reveal() === chosen.reveal()
    ? chosen
    : refuse('the two passphrases are not the same', 'Nothing was changed. Try again.');
}

const MIN_LENGTH = 8;

function refuse(problem: string, hint: string): never {
  throw new BootstrapError('E_PASSPHRASE', problem, { hint, exitCode: ExitCode.usage });
}
