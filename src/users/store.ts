import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Profile, User } from '../inventory/types.ts';
import { BootstrapError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Issued } from '../pki/authority.ts';
import { judge } from '../pki/judge.ts';
import type { PkiStore } from '../pki/store.ts';
import { issuance, readCredentials, userFolder } from './credentials.ts';
import { specOf, userFiles, writeUserFiles } from './files.ts';
import { withLock } from './lock.ts';
import { type Issuance, type Registry, type Revoked, readRegistry, writeRegistry } from './registry.ts';
import { type TokenRow, isRandom, newToken, tokenText } from './tokens.ts';

/**
 * The users of a cluster: those of the inventory, and those that `issue-user` has made, which are kept in the state
 * folder. Like the keys of a cluster they are read and made apart; until `ensure` nothing is written.
 */
export interface UserStore {
  /** @throws E_STATE_PERMISSIONS, E_USERS_FILE, E_TOKEN_ROW */
  load(): Promise<void>;
  /** All users that are wanted, by name. */
  users(): readonly User[];
  isDeclared(name: string): boolean;
  revoked(): readonly Revoked[];
  /** Users that were given a certificate or a token, and are wanted no more but not revoked either. */
  forgotten(): readonly string[];
  /** Certificates that are valid, by the user's name; also of users who are gone. */
  issued(): readonly Issuance[];
  credentials(name: string): Issued | undefined;
  tokenOf(name: string): Secret | undefined;
  /** Why a user's certificate has to be made; `undefined` when there is one that will do, or none is wanted. */
  whyIssue(user: User): string | undefined;
  /**
   * Our rows of the token file; `undefined` while a token is still to be made.
   * @param prune without those of forgotten users
   */
  tokenRows(prune: boolean): string | undefined;
  secrets(): readonly Secret[];
  /**
   * Makes what the users lack, and writes the files of each.
   * @param server `https://host:port`, for their kubeconfigs
   * @throws E_CA_MISSING, E_CA_EXPIRED, E_LOCKED
   */
  ensure(server: string): Promise<void>;
  /** Adds or changes a user of the state folder and makes what it lacks; with `renew` a new key and certificate. */
  add(user: User, server: string, renew: boolean): Promise<void>;
  /** Denies users: their rows and rights go with the next run, their files now. */
  revoke(names: readonly string[]): Promise<void>;
}

export interface UserStoreOptions {
  readonly stateFolder: string;
  readonly cluster: string;
  readonly profile: Profile;
  readonly declared: readonly User[];
  readonly pki: PkiStore;
  readonly renewBeforeDays: number;
  readonly now: Date;
}

export const openUserStore = (options: UserStoreOptions): UserStore => new FolderUserStore(options);

class FolderUserStore implements UserStore {
  readonly #options: UserStoreOptions;
  #registry: Registry = { users: [], revoked: [], issued: [], tokens: [] };
  #credentials = new Map<string, Issued>();

  constructor(options: UserStoreOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { stateFolder } = this.#options;
    this.#registry = await readRegistry(stateFolder);
    const found = await Promise.all(
      this.users().map(async ({ name }) => [name, await readCredentials(stateFolder, name)] as const),
    );
    this.#credentials = new Map(found.flatMap(([name, issued]) => (issued ? [[name, issued] as const] : [])));
  }

  users(): readonly User[] {
    const { declared } = this.#options;
    const own = this.#registry.users.filter(({ name }) => !this.isDeclared(name));
    return [...declared, ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  isDeclared(name: string): boolean {
    return this.#options.declared.some((user) => user.name === name);
  }

  /** A user who is declared again is no longer denied. */
  revoked(): readonly Revoked[] {
    return this.#registry.revoked.filter(({ name }) => !this.#isWanted(name));
  }

  forgotten(): readonly string[] {
    const known = [
      ...this.issued().map(({ name }) => name),
      ...this.#registry.tokens.map(({ user }) => user),
    ];
    const denied = new Set(this.revoked().map(({ name }) => name));
    return [...new Set(known)].filter((name) => !this.#isWanted(name) && !denied.has(name)).sort();
  }

  issued(): readonly Issuance[] {
    return this.#registry.issued.filter(({ expires }) => new Date(expires) > this.#options.now);
  }

  credentials(name: string): Issued | undefined {
    return this.#credentials.get(name);
  }

  tokenOf(name: string): Secret | undefined {
    const given = this.users().find((user) => user.name === name)?.token;
    const kept = this.#registry.tokens.find(({ user }) => user === name)?.token;
    // One that was given under profile course is none for any other.
    return given ?? (kept && (this.#options.profile === 'course' || isRandom(kept)) ? kept : undefined);
  }

  whyIssue(user: User): string | undefined {
    if (user.auth === 'token') return undefined;
    const { pki, now, renewBeforeDays } = this.#options;
    const verdict = judge(this.credentials(user.name)?.certificate, specOf(user), {
      caSki: pki.caKeyId('users'),
      caPem: pki.caPem('users'),
      now,
      renewBeforeDays,
    });
    return verdict.fit ? undefined : verdict.reason;
  }

  tokenRows(prune: boolean): string | undefined {
    const { rows, missing } = this.#rows(prune);
    return missing.length > 0 ? undefined : tokenText(rows);
  }

  secrets(): readonly Secret[] {
    return [
      ...[...this.#credentials.values()].map(({ key }) => key),
      ...this.#registry.tokens.map(({ token }) => token),
      ...this.#options.declared.flatMap(({ token }) => (token ? [token] : [])),
    ];
  }

  ensure(server: string): Promise<void> {
    if (this.users().length === 0) return Promise.resolve();
    return this.#change(async () => {
      await this.#complete(this.users(), server, false);
    });
  }

  add(user: User, server: string, renew: boolean): Promise<void> {
    return this.#change(async () => {
      const { users, revoked } = this.#registry;
      if (!this.isDeclared(user.name)) {
        const others = users.filter(({ name }) => name !== user.name);
        this.#registry = {
          ...this.#registry,
          users: [...others, user].sort((a, b) => (a.name < b.name ? -1 : 1)),
          revoked: revoked.filter(({ name }) => name !== user.name),
        };
      }
      await this.#complete([user], server, renew);
    });
  }

  revoke(names: readonly string[]): Promise<void> {
    return this.#change(async () => {
      const { users, revoked, tokens } = this.#registry;
      const goes = (name: string): boolean => names.includes(name);
      const at = this.#options.now.toISOString();
      this.#registry = {
        ...this.#registry,
        users: users.filter(({ name }) => !goes(name)),
        revoked: [...revoked.filter(({ name }) => !goes(name)), ...names.map((name) => ({ name, at }))],
        tokens: tokens.filter(({ user }) => !goes(user)),
      };
      await writeRegistry(this.#options.stateFolder, this.#registry);
      for (const name of names) {
        this.#credentials.delete(name);
        await rm(userFolder(this.#options.stateFolder, name), { recursive: true, force: true });
      }
    });
  }

  /** Reads again what another may have changed, changes it, and nobody else meanwhile. */
  #change(action: () => Promise<void>): Promise<void> {
    return withLock(join(this.#options.stateFolder, 'users.lock'), async () => {
      await this.load();
      await action();
    });
  }

  /** Certificates are made first, side by side: when one cannot be, nothing was written. */
  async #complete(users: readonly User[], server: string, renew: boolean): Promise<void> {
    const { stateFolder, cluster, pki } = this.#options;
    const due = users.filter((user) => user.auth !== 'token' && (renew || this.whyIssue(user) !== undefined));
    const made = await Promise.all(
      due.map(async (user) => [user.name, await pki.issue(specOf(user))] as const),
    );
    for (const [name, issued] of made) this.#credentials.set(name, issued);
    const { rows, missing } = this.#rows(false);
    const fresh = missing.map(({ name, groups }) => ({ token: newToken(), user: name, groups }));
    this.#registry = {
      ...this.#registry,
      issued: [...this.issued(), ...made.map(([name, issued]) => issuance(name, issued))],
      tokens: [...rows, ...fresh],
    };
    const [ca, clientCa] = [pki.caPem('cluster'), pki.clientCaPem()];
    if (ca === undefined || clientCa === undefined) throw noAuthority(stateFolder);
    for (const user of users) {
      const { name, auth } = user;
      const issued = auth === 'token' ? undefined : this.credentials(name);
      const token = auth === 'cert' ? undefined : this.tokenOf(name);
      await writeUserFiles(
        userFolder(stateFolder, name),
        await userFiles(user, { issued, token, ca, clientCa, cluster, server }),
      );
    }
    await writeRegistry(stateFolder, this.#registry);
  }

  #isWanted(name: string): boolean {
    return this.isDeclared(name) || this.#registry.users.some((user) => user.name === name);
  }

  /** Rows of all who have a token, and those who are still to get one; forgotten users keep theirs. */
  #rows(prune: boolean): { rows: TokenRow[]; missing: User[] } {
    const forgotten = prune ? [] : this.forgotten();
    const bearers = this.users().filter(({ auth }) => auth !== 'cert');
    const rows = bearers.flatMap(({ name, groups }) => {
      const token = this.tokenOf(name);
      return token ? [{ token, user: name, groups }] : [];
    });
    return {
      rows: [...rows, ...this.#registry.tokens.filter(({ user }) => forgotten.includes(user))],
      missing: bearers.filter(({ name }) => this.tokenOf(name) === undefined),
    };
  }
}

const noAuthority = (stateFolder: string): BootstrapError =>
  new BootstrapError('E_CA_MISSING', `there is no authority in ${stateFolder} to issue users`, {
    hint: 'It is made by "up".',
  });
