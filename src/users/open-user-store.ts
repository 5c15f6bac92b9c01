import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { removeIn } from '../kernel/remove.ts';
import pMap from 'p-map';
import type { User } from '../inventory/types.ts';
import { BootstrapError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Issued, KeptPair } from '../pki/authority.ts';
import { judgeCertificate } from '../pki/judge-certificate.ts';
import type { StateFile } from '../state/state-files.ts';
import { issuance, readCredentials, userFolder, usersFolder } from './credentials.ts';
import { specOf, userFiles, writeUserFiles } from './user-files.ts';
import { withLock } from '../state/file-lock.ts';
import type { Decision } from './decisions.ts';
import { decisionsIn, withUser, withoutUsers } from './registry-changes.ts';
import { type Issuance, type Registry, type Revoked, readRegistry, writeRegistry } from './registry.ts';
import { type TokenRow, isRandom, newToken, tokenText } from './tokens.ts';
import type { UserStore, UserStoreOptions } from './user-store.ts';

/** Users read, issued or written at a time: enough for cores and disk, too few to stop the event loop for long. */
const AT_ONCE = { concurrency: 4 };

/** What is to be written of a user, and the certificate among it that is new. */
interface MadeUser {
  readonly name: string;
  readonly files: readonly StateFile[];
  readonly fresh: { readonly issued: Issued; readonly remembered: Issuance } | undefined;
}

export const openUserStore = (options: UserStoreOptions): UserStore => new FolderUserStore(options);

class FolderUserStore implements UserStore {
  readonly #options: UserStoreOptions;
  #registry: Registry = { users: [], revoked: [], admitted: [], issued: [], tokens: [], missing: [] };
  #credentials = new Map<string, KeptPair>();

  constructor(options: UserStoreOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { stateFolder, pki } = this.#options;
    this.#registry = await readRegistry(stateFolder);
    const found = await pMap(
      this.users(),
      async ({ name }) => [name, await readCredentials(stateFolder, name, pki)] as const,
      AT_ONCE,
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

  readmitted(): readonly Revoked[] {
    return this.#registry.revoked.filter(({ name }) => this.#isWanted(name));
  }

  decisions(): readonly Decision[] {
    return decisionsIn(this.#registry, (name) => this.isDeclared(name));
  }

  missing(): Registry['missing'] {
    return this.#registry.missing;
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

  credentials(name: string): KeptPair | undefined {
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
    const verdict = judgeCertificate(this.credentials(user.name)?.certificate, specOf(user), {
      caSki: pki.caKeyId('users'),
      caPem: pki.caPem('users'),
      now,
      renewBeforeDays,
    });
    return verdict.fit ? undefined : verdict.reason;
  }

  bearers(): ReturnType<UserStore['bearers']> {
    const { tokens, revoked } = this.#registry;
    // Who was revoked is not to have the old one again.
    const had = new Set([...tokens.map(({ user }) => user), ...revoked.map(({ name }) => name)]);
    return this.#bearers().map(({ name, token }) => ({ name, lacksToken: !token && !had.has(name) }));
  }

  tokenRows(of: (name: string) => boolean = () => true): string | undefined {
    const { rows, missing } = this.#rows();
    return missing.some(({ name }) => of(name)) ? undefined : tokenText(rows.filter(({ user }) => of(user)));
  }

  secrets(): readonly Secret[] {
    return [
      ...[...this.#credentials.values()].flatMap(({ key }) => key ?? []),
      ...this.#registry.tokens.map(({ token }) => token),
      ...this.#options.declared.flatMap(({ token }) => (token ? [token] : [])),
    ];
  }

  ensure(server: string): Promise<void> {
    if (this.users().length === 0) return Promise.resolve();
    return this.#give(async () => {
      await this.#complete(this.users(), server, false);
    });
  }

  add(user: User, server: string, renew: boolean, after?: string): Promise<void> {
    return this.#give(async () => {
      const { now } = this.#options;
      if (!this.isDeclared(user.name)) this.#registry = withUser(this.#registry, user, { now, after });
      await this.#complete([user], server, renew);
    });
  }

  complete(user: User, server: string): Promise<void> {
    return this.#give(() => this.#complete([user], server, false));
  }

  revoke(name: string, after?: string): Promise<void> {
    return this.#change(() => this.#deny([name], after));
  }

  async revokeUnwanted(names: readonly string[]): Promise<readonly string[]> {
    let denied: readonly string[] = [];
    await this.#change(() => this.#deny((denied = names.filter((name) => !this.#isWanted(name)))));
    return denied;
  }

  async #deny(names: readonly string[], after?: string): Promise<void> {
    const { now } = this.#options;
    const isWanted = (name: string): boolean => this.#isWanted(name);
    this.#registry = withoutUsers(this.#registry, names, isWanted, { now, after });
    await writeRegistry(this.#options.stateFolder, this.#registry);
    for (const name of names) {
      this.#credentials.delete(name);
      await removeIn(usersFolder(this.#options.stateFolder), name);
    }
  }

  /** Opens what is sealed, for files with keys in them are written. */
  async #give(action: () => Promise<void>): Promise<void> {
    await this.#options.pki.unlock();
    return this.#change(action);
  }

  /** Reads again what another may have changed, changes it, and nobody else meanwhile. */
  #change(action: () => Promise<void>): Promise<void> {
    return withLock(join(this.#options.stateFolder, 'users.lock'), async () => {
      await this.load();
      await action();
    });
  }

  /** Everything is made first, side by side: when one certificate cannot be, nothing was written. */
  async #complete(users: readonly User[], server: string, renew: boolean): Promise<void> {
    const { stateFolder, cluster, pki } = this.#options;
    const [ca, usersCa] = [pki.trustPem('cluster'), pki.anchorPem('users')];
    if (ca === undefined || usersCa === undefined) throw noAuthority(stateFolder);
    const clientCa = `${ca}${usersCa}`;
    const { rows, missing } = this.#rows();
    const given = new Set(users.map(({ name }) => name));
    const tokens = [
      ...rows,
      ...this.#unwantedRows(),
      ...missing
        .filter(({ name }) => given.has(name))
        .map(({ name, groups }) => ({ token: newToken(), user: name, groups })),
    ];
    let turn = Promise.resolve();
    const myTurn = (): Promise<void> => (turn = turn.then(() => setImmediate()));
    const make = async (user: User): Promise<MadeUser> => {
      const { name, auth } = user;
      await myTurn(); // what several do in one go would stop the event loop
      const made = await this.#issueDue(user, renew);
      await myTurn();
      const issued = auth === 'token' ? undefined : (made ?? this.#kept(name));
      const token = auth === 'cert' ? undefined : tokens.find((row) => row.user === name)?.token;
      const files = await userFiles(user, { issued, token, ca, clientCa, cluster, server });
      return { name, files, fresh: made && { issued: made, remembered: issuance(name, made) } };
    };
    const all = await pMap(users, make, AT_ONCE);
    const fresh = all.flatMap((one) => one.fresh ?? []);
    const remembered = fresh.map((one) => one.remembered);
    const { revoked } = this.#registry;
    this.#registry = {
      ...this.#registry,
      // Who is let in again is denied no more, also when nobody declares the user one day.
      revoked: revoked.filter(({ name }) => !users.some((user) => user.name === name)),
      issued: [...this.issued(), ...remembered],
      tokens,
    };
    for (const one of fresh) this.#credentials.set(one.remembered.name, one.issued);
    const write = ({ name, files }: MadeUser): Promise<void> =>
      writeUserFiles(userFolder(stateFolder, name), name, files, pki);
    await pMap(all, write, AT_ONCE);
    await writeRegistry(stateFolder, this.#registry);
  }

  #kept(name: string): Issued | undefined {
    const { certificate, key } = this.credentials(name) ?? {};
    return certificate !== undefined && key ? { certificate, key } : undefined;
  }

  async #issueDue(user: User, renew: boolean): Promise<Issued | undefined> {
    if (user.auth === 'token' || !(renew || this.whyIssue(user) !== undefined)) return undefined;
    return this.#options.pki.issue(specOf(user));
  }

  #isWanted(name: string): boolean {
    return this.isDeclared(name) || this.#registry.users.some((user) => user.name === name);
  }

  #bearers(): { name: string; groups: readonly string[]; token: Secret | undefined }[] {
    return this.users()
      .filter(({ auth }) => auth !== 'cert')
      .map(({ name, groups }) => ({ name, groups, token: this.tokenOf(name) }));
  }

  /** Rows of all who are to log in by token, and those who are still to get one. */
  #rows(): { rows: TokenRow[]; missing: { name: string; groups: readonly string[] }[] } {
    const bearers = this.#bearers();
    return {
      rows: bearers.flatMap(({ name, groups, token }) => (token ? [{ token, user: name, groups }] : [])),
      missing: bearers.filter(({ token }) => token === undefined),
    };
  }

  /** Rows that nobody wants any more are remembered until their users are revoked: whom they are of is told by them. */
  #unwantedRows(): TokenRow[] {
    const forgotten = this.forgotten();
    return this.#registry.tokens.filter(({ user }) => forgotten.includes(user));
  }
}

const noAuthority = (stateFolder: string): BootstrapError =>
  new BootstrapError('E_CA_MISSING', `there is no authority in ${stateFolder} to issue users`, {
    hint: 'It is made by "up".',
  });
