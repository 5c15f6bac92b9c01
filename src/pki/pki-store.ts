import type { LockedText } from '../kernel/locked-text.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Issued, KeptPair, KeyFiles } from './authority.ts';
import type { GivenAuthority } from './given-authority.ts';
import type { KeyName } from './named-keys.ts';
import type { AskSecret } from './passphrase.ts';
import type { Rotated } from './contents.ts';
import type { RotationState, Turn } from './rotation.ts';
import type { CaId, CertificateSpec } from './spec.ts';

/**
 * The keys of a cluster in its state folder. Reading and making are apart: until `ensure`, whatever isn't there is
 * `undefined`, and nothing is written. Keys of components are handed out and not kept, but the administrator's.
 */
export interface PkiStore {
  /**
   * Reads what is there and makes nothing. Keys that are sealed stay locked. An authority that was given, and is not in
   * the folder yet, is read and checked, and nothing of it kept.
   * @throws E_STATE_PERMISSIONS, E_STATE_TRACKED, E_PKI_INCOMPLETE, E_PKI_INVALID, E_PKI_ALGORITHM, E_PKI_MISMATCH;
   *   E_OWN_CA, E_OWN_CA_KEY, E_PASSPHRASE
   */
  load(): Promise<void>;
  /**
   * Makes what is missing: authorities, service account pair, encryption key, plan key. Never replaces one. Opens
   * all that is sealed.
   * @throws what `load` throws, and E_CA_EXPIRED
   */
  ensure(): Promise<void>;
  /** Whether the folder holds the keys of a cluster. */
  exists(): boolean;
  /** Names of files without which a cluster that lives cannot go on: made anew, they would not be the same. */
  missing(): readonly string[];
  /** Whether private keys are sealed with a passphrase. */
  isSealed(): boolean;
  /**
   * Seals private keys with a new passphrase, or opens them for good.
   * @throws E_PASSPHRASE, E_VAULT
   */
  setSealed(sealed: boolean): Promise<void>;
  /** @throws E_PASSPHRASE, E_VAULT */
  unlock(): Promise<void>;
  /** What a secret file of the state folder holds, by its path there; `undefined` while it is locked. */
  opened(name: string, text: string): string | undefined;
  /** The same as it is to be written: sealed where keys are. Unlock before. */
  closed(name: string, text: string): string;
  /**
   * A text with a private key in it, to compare with what is on a host; `undefined` while there is no such key.
   * @param render makes the text; by default it is the key alone
   */
  keyText(name: KeyName, render?: (key: Secret) => string): string | LockedText | undefined;
  /** Keeps the digests of all texts that were asked for while their keys were open. */
  remember(): Promise<void>;
  /** The issuing certificate alone. */
  caPem(id: CaId): string | undefined;
  /** `undefined` also while it is locked. */
  caKey(id: CaId): Secret | undefined;
  /** Subject key id, hex: what `judge` compares. */
  caKeyId(id: CaId): string | undefined;
  caExpires(id: CaId): Date | undefined;
  /** Authorities that hosts trust beside the one that issues, PEM each: see docs/decisions/021-ca-rotation.md. */
  trusted(id: CaId): readonly string[];
  /** What a client may come from: the issuing authority, then the others that are trusted. */
  anchorPem(id: CaId): string | undefined;
  /**
   * What servers are verified with: the same, and the certificates above the issuing one up to the root, without
   * which OpenSSL believes nothing. Clients are not: all that the root ever issued would be let in.
   */
  trustPem(id: CaId): string | undefined;
  /** What follows a certificate in its file: the issuing one and those above it but for the root; often nothing. */
  chainPem(id: CaId): string;
  /** What `--client-ca-file` holds: all that are trusted for the cluster, then those for users. */
  clientCaPem(): string | undefined;
  serviceAccount(): KeyFiles | undefined;
  /** What tokens of service accounts are verified with: the public key of the pair in use, then of one that hands over. */
  tokenKeysPem(): string | undefined;
  /** How far an authority, or the service accounts' pair, has got on the way of handing over to another. */
  rotation(what: Rotated): RotationState | undefined;
  /**
   * Goes one turn further on that way; keys are opened for it. A crash in the middle leaves what was, or what is to be.
   * @throws E_STATE_RACE when another turn is next; E_PASSPHRASE
   */
  rotate(what: Rotated, turn: Turn): Promise<void>;
  /** Base64 of 32 bytes, for the encryption of secrets in etcd. */
  encryptionKey(): Secret | undefined;
  /** Base64 of 32 bytes, for digests of secrets in stored plans. */
  planKey(): Secret | undefined;
  /** Makes the key of stored plans where there is none, and nothing else. */
  ensurePlanKey(): Promise<Secret>;
  /** The administrator's certificate, when there is one that belongs to its key. */
  admin(): KeptPair | undefined;
  /**
   * Makes a key and a certificate, with the authority's chain behind it; any number may be asked for at once.
   * @throws E_CA_EXPIRED, E_CA_MISSING, E_PASSPHRASE
   */
  issue(spec: CertificateSpec): Promise<Issued>;
  /** The same, kept as the administrator's. */
  issueAdmin(spec: CertificateSpec): Promise<Issued>;
  /** Keeps which authorities are trusted beside the issuing one; the caller has looked at them. */
  keepTrusted(id: CaId, certificates: readonly string[]): Promise<void>;
}

export interface PkiStoreOptions {
  /** RSA key size of everything made; 2048 by default. */
  readonly keyBits?: number;
  readonly now?: () => Date;
  /** The cluster's authority, when one exists already. */
  readonly given?: GivenAuthority | undefined;
  /** Those that are made for the cluster; all by default. */
  readonly authorities?: readonly CaId[];
  /** Of the keys in the folder, when it is known. */
  readonly passphrase?: Secret | undefined;
  /** Asks whoever sits at the terminal; `undefined` when nobody does. */
  readonly ask?: AskSecret | undefined;
}
