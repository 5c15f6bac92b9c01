import { ownAuthorities } from '../phases/trust/authorities.ts';
import type { Inventory } from '../inventory/types.ts';
import { Secret } from '../kernel/secret.ts';
import { type AskSecret, PASSPHRASE_VARIABLE } from '../pki/passphrase.ts';
import { type PkiStore, openPkiStore } from '../pki/open-pki-store.ts';
import { stateFolderOf } from './connect.ts';
import type { Environment } from './read-inventory.ts';

export interface KeyOptions {
  readonly env: Environment;
  /** Gets every secret that is read or made, so that whatever prints can mask it. */
  readonly secrets: Set<Secret>;
  /** Asks for a passphrase; `undefined` when nobody is there to be asked. */
  readonly ask?: AskSecret | undefined;
}

/** The keys of a cluster; nothing is read yet. */
export function pkiOf(inventory: Inventory, { env, secrets, ask }: KeyOptions): PkiStore {
  const given = env[PASSPHRASE_VARIABLE];
  const passphrase = given === undefined || given === '' ? undefined : new Secret(given);
  if (passphrase) secrets.add(passphrase);
  const { keyBits, ca } = inventory.pki;
  return openPkiStore(stateFolderOf(inventory), {
    keyBits,
    authorities: ownAuthorities(inventory),
    given: ca,
    passphrase,
    ask: ask && ((question) => ask(question).then((typed) => masked(typed, secrets))),
  });
}

function masked(typed: Secret | undefined, secrets: Set<Secret>): Secret | undefined {
  if (typed) secrets.add(typed);
  return typed;
}
