import type { Profile, User } from '../inventory/types.ts';
import type { Secret } from '../kernel/secret.ts';
import type { KeptPair } from '../pki/authority.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import type { Decision } from './decisions.ts';
import type { Issuance, Revoked, UsersFile } from './registry.ts';

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
  /** Users who were revoked, and are declared again since: until they are given something. */
  readmitted(): readonly Revoked[];
  /** What was decided last here of each person of whom the inventory says nothing. */
  decisions(): readonly Decision[];
  /** Names of files of users that are not in the state folder. */
  missing(): readonly UsersFile[];
  /** Users that were given a certificate or a token, and are wanted no more but not revoked either. */
  forgotten(): readonly string[];
  /** Certificates that are valid, by the user's name; also of users who are gone. */
  issued(): readonly Issuance[];
  /** A user's certificate, and its key while that is open. */
  credentials(name: string): KeptPair | undefined;
  tokenOf(name: string): Secret | undefined;
  /** Why a user's certificate has to be made; `undefined` when there is one that will do, or none is wanted. */
  whyIssue(user: User): string | undefined;
  /** Who logs in by token, and of whom there is none: it would be made. */
  bearers(): readonly { readonly name: string; readonly lacksToken: boolean }[];
  /** Rows of the token file, of all of ours or some; `undefined` while a token is still to be made. */
  tokenRows(of?: (name: string) => boolean): string | undefined;
  secrets(): readonly Secret[];
  /**
   * Makes what the users lack, and writes the files of each.
   * @param server `https://host:port`, for their kubeconfigs
   * @throws E_CA_MISSING, E_CA_EXPIRED, E_LOCKED
   */
  ensure(server: string): Promise<void>;
  /**
   * Lets in or changes a user of the state folder and makes what it lacks; with `renew` a new key and certificate.
   * @param after what this is later than, whatever the clock says
   */
  add(user: User, server: string, renew: boolean, after?: string): Promise<void>;
  /** Makes what a user lacks, and decides nothing. */
  complete(user: User, server: string): Promise<void>;
  /** Denies a user: rows and rights go with the next run, files now. Who is denied already, is so since then. */
  revoke(name: string, after?: string): Promise<void>;
  /** As `revoke`, but for who has been wanted since the names were found: a run takes minutes. Answers with the others. */
  revokeUnwanted(names: readonly string[]): Promise<readonly string[]>;
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
