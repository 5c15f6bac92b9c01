import type { User } from '../../../src/inventory/types.ts';
import { newUser } from '../../../src/users/new-user.ts';
import { openUserStore } from '../../../src/users/open-user-store.ts';
import type { UserStore, UserStoreOptions } from '../../../src/users/user-store.ts';
import { loaded, stateFolder } from '../pki/store-support.ts';

/** The API server's address as kubeconfigs have it. */
export const SERVER = 'https://192.0.2.11:6443';
export const user = (name: string, more: Partial<User> = {}): User => ({ ...newUser(name), ...more });

export interface Place {
  readonly folder: string;
  readonly pki: UserStoreOptions['pki'];
}

export const place = async (): Promise<Place> => {
  const folder = stateFolder();
  return { folder, pki: await loaded(folder) };
};

export async function store(
  { folder, pki }: Place,
  more: Partial<UserStoreOptions> = {},
): Promise<UserStore> {
  const opened = openUserStore({
    stateFolder: folder,
    cluster: 'demo',
    profile: 'secure',
    declared: [],
    pki,
    renewBeforeDays: 30,
    now: new Date(),
    ...more,
  });
  await opened.load();
  return opened;
}
