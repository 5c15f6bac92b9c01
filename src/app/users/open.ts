import { readInventory } from '../inventory.ts';
import { stateFolderOf } from '../connect.ts';
import { usersOf } from '../cluster.ts';
import type { Inventory, User } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { didYouMean } from '../../inventory/suggest.ts';
import type { PkiStore } from '../../pki/store.ts';
import { type KeyOptions, pkiOf } from '../keys.ts';
import type { UserStore } from '../../users/user-store.ts';

/** The users of a cluster with what is needed to issue them; no host is asked. */
export interface OpenUsers {
  readonly inventory: Inventory;
  readonly stateFolder: string;
  readonly pki: PkiStore;
  readonly users: UserStore;
  readonly now: Date;
  /** Hands everything secret that is known by now to whatever prints. */
  guard(): void;
}

export interface UsersOptions extends KeyOptions {
  readonly file: string;
}

export async function openUsers({ file, ...keys }: UsersOptions): Promise<OpenUsers> {
  const { inventory } = await readInventory(file, keys.env);
  const stateFolder = stateFolderOf(inventory);
  const pki = pkiOf(inventory, keys);
  await pki.load();
  const now = new Date();
  const users = usersOf(inventory, stateFolder, pki, now);
  await users.load();
  const guard = (): void => {
    for (const secret of users.secrets()) keys.secrets.add(secret);
  };
  guard();
  return { inventory, stateFolder, pki, users, now, guard };
}

/** @throws E_USER, exit code 2, when the cluster has no user of that name */
export function userNamed(users: UserStore, name: string): User {
  const found = users.users().find((user) => user.name === name);
  if (found) return found;
  const names = users.users().map((user) => user.name);
  throw new BootstrapError('E_USER', `there is no user ${JSON.stringify(name)}${didYouMean(name, names)}`, {
    hint: 'k8s-bootstrap users list shows them; issue-user makes one.',
    exitCode: ExitCode.usage,
  });
}
