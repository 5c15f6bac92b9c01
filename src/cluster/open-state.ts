import type { LoadedInventory } from '../inventory/load.ts';
import type { Secret } from '../kernel/secret.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import { ROTATED } from '../pki/contents.ts';
import { CA_IDS } from '../pki/spec.ts';
import { openUserStore } from '../users/open-user-store.ts';
import type { UserStore } from '../users/user-store.ts';
import { stateFolderOf } from './connect.ts';
import { type KeyOptions, pkiOf } from './open-pki.ts';
import { readInventory } from './read-inventory.ts';

/** A cluster as far as it lies on this machine: what was written down, keys, users. Read once for each command. */
export interface OpenState extends LoadedInventory {
  readonly stateFolder: string;
  readonly pki: PkiStore;
  readonly users: UserStore;
  /** Against which certificates of users are judged. */
  readonly now: Date;
  /** Hands everything secret that is known by now to whatever prints. */
  readonly guard: () => void;
}

export interface StateOptions extends KeyOptions {
  readonly file: string;
}

/**
 * Reads it; makes nothing and asks no host.
 * @param read the inventory, when it was read before
 */
export async function openState(options: StateOptions, read?: LoadedInventory): Promise<OpenState> {
  const loaded = read ?? (await readInventory(options.file, options.env, options.secrets));
  const { inventory } = loaded;
  const stateFolder = stateFolderOf(inventory);
  const pki = pkiOf(inventory, options);
  await pki.load();
  const now = new Date();
  const users = openUserStore({
    stateFolder,
    cluster: inventory.name,
    profile: inventory.profile,
    declared: inventory.users,
    pki,
    renewBeforeDays: inventory.pki.renewBeforeDays,
    now,
  });
  await users.load();
  const guard = (): void => {
    for (const secret of [...keysOf(pki), ...users.secrets()]) {
      options.secrets.add(secret);
    }
  };
  guard();
  return { ...loaded, stateFolder, pki, users, now, guard };
}

const keysOf = (pki: PkiStore): Secret[] =>
  [
    ...CA_IDS.map((id) => pki.caKey(id)),
    ...ROTATED.map((what) => pki.rotation(what)?.other?.key),
    pki.serviceAccount()?.privateKey,
    pki.encryptionKey(),
    pki.planKey(),
    pki.admin()?.key,
  ].filter((secret) => secret !== undefined);
