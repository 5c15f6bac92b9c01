import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BootstrapError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Issued, KeyFiles } from './authority.ts';
import { ADMIN, CA_FILES, ENCRYPTION_KEY, PLAN_KEY, readContents, SERVICE_ACCOUNT } from './contents.ts';
import type { Contents } from './contents.ts';
import { newKeyPair, privatePem, publicPem } from './keys.ts';
import { caSpec } from './profiles.ts';
import { CA_IDS } from './spec.ts';
import type { CaId, CertificateSpec } from './spec.ts';
import { publish, replaceFile } from './state-files.ts';
import type { StateFile } from './state-files.ts';
import { checkStateFolder, makeStateFolder } from './state-folder.ts';

/**
 * The keys of a cluster in its state folder. Reading and making are apart: until `ensure`, whatever isn't there is
 * `undefined`, and nothing is written. Keys of components are handed out and not kept, but the administrator's.
 */
export interface PkiStore {
  /**
   * Reads what is there and makes nothing.
   * @throws E_STATE_PERMISSIONS, E_STATE_TRACKED, E_PKI_INCOMPLETE, E_PKI_INVALID, E_PKI_ALGORITHM, E_PKI_MISMATCH
   */
  load(): Promise<void>;
  /**
   * Makes what is missing: authorities, service account pair, encryption key, plan key. Never replaces one.
   * @throws what `load` throws, and E_CA_EXPIRED
   */
  ensure(): Promise<void>;
  caPem(id: CaId): string | undefined;
  caKey(id: CaId): Secret | undefined;
  /** Subject key id, hex: what `judge` compares. */
  caKeyId(id: CaId): string | undefined;
  caExpires(id: CaId): Date | undefined;
  /** What `--client-ca-file` holds: the cluster's authority, then the users'. */
  clientCaPem(): string | undefined;
  serviceAccount(): KeyFiles | undefined;
  /** Base64 of 32 bytes, for the encryption of secrets in etcd. */
  encryptionKey(): Secret | undefined;
  /** Base64 of 32 bytes, for digests of secrets in stored plans. */
  planKey(): Secret | undefined;
  /** The administrator's certificate, when there is one that belongs to its key. */
  admin(): Issued | undefined;
  /**
   * Makes a key and a certificate; any number may be asked for at once.
   * @throws E_CA_EXPIRED, E_CA_MISSING
   */
  issue(spec: CertificateSpec): Promise<Issued>;
  /** The same, kept as the administrator's. */
  issueAdmin(spec: CertificateSpec): Promise<Issued>;
}

export interface PkiStoreOptions {
  /** RSA key size of everything made; 2048 by default. */
  readonly keyBits?: number;
  readonly now?: () => Date;
}

/** The PKI of the cluster whose state folder this is; keys lie in its subfolder `pki`. Touches nothing yet. */
export const openPkiStore = (stateFolder: string, options: PkiStoreOptions = {}): PkiStore =>
  new FolderStore(stateFolder, options);

class FolderStore implements PkiStore {
  readonly #stateFolder: string;
  readonly #folder: string;
  readonly #keyBits: number;
  readonly #now: () => Date;
  #contents: Contents = { authorities: {} };

  constructor(stateFolder: string, { keyBits = 2048, now = () => new Date() }: PkiStoreOptions) {
    this.#stateFolder = stateFolder;
    this.#folder = join(stateFolder, 'pki');
    this.#keyBits = keyBits;
    this.#now = now;
  }

  async load(): Promise<void> {
    await checkStateFolder(this.#stateFolder);
    this.#contents = await readContents(this.#folder);
  }

  async ensure(): Promise<void> {
    await makeStateFolder(this.#stateFolder);
    await this.load();
    for (const id of CA_IDS) this.#refuseExpired(id);
    const missing = await this.#missing();
    if (missing.length === 0) return;
    await publish(this.#folder, missing);
    await this.load();
  }

  caPem(id: CaId): string | undefined {
    return this.#contents.authorities[id]?.certificate;
  }

  caKey(id: CaId): Secret | undefined {
    return this.#contents.authorities[id]?.keyPem;
  }

  caKeyId(id: CaId): string | undefined {
    return this.#contents.authorities[id]?.keyId;
  }

  caExpires(id: CaId): Date | undefined {
    return this.#contents.authorities[id]?.expires;
  }

  clientCaPem(): string | undefined {
    const { cluster, users } = this.#contents.authorities;
    return cluster && users && `${cluster.certificate}${users.certificate}`;
  }

  serviceAccount(): KeyFiles | undefined {
    return this.#contents.serviceAccount;
  }

  encryptionKey(): Secret | undefined {
    return this.#contents.encryptionKey;
  }

  planKey(): Secret | undefined {
    return this.#contents.planKey;
  }

  admin(): Issued | undefined {
    return this.#contents.admin;
  }

  async issue(spec: CertificateSpec): Promise<Issued> {
    const issuer = this.#contents.authorities[spec.ca];
    if (issuer === undefined) {
      throw new BootstrapError('E_CA_MISSING', `there is no authority "${spec.ca}" to issue ${spec.id}`, {
        hint: `It is made by "up", in ${this.#folder}.`,
      });
    }
    this.#refuseExpired(spec.ca);
    // forge takes 40 ms to load: only who issues pays for it.
    const [{ leafCertificate }, keys] = await Promise.all([
      import('./certificate.ts'),
      newKeyPair(this.#keyBits),
    ]);
    return {
      certificate: leafCertificate(spec, keys, issuer, this.#now()),
      key: privatePem(keys.privateKey),
    };
  }

  async issueAdmin(spec: CertificateSpec): Promise<Issued> {
    const admin = await this.issue(spec);
    await replaceFile(this.#folder, { name: ADMIN.key, content: admin.key.reveal(), secret: true });
    await replaceFile(this.#folder, { name: ADMIN.certificate, content: admin.certificate, secret: false });
    this.#contents = { ...this.#contents, admin };
    return admin;
  }

  #refuseExpired(id: CaId): void {
    const expires = this.caExpires(id);
    if (expires === undefined || expires > this.#now()) return;
    const path = join(this.#folder, `${CA_FILES[id]}.crt`);
    throw new BootstrapError('E_CA_EXPIRED', `${path} expired on ${expires.toISOString().slice(0, 10)}`, {
      hint: 'Nothing it signed is valid any more. The authority has to be replaced on every host.',
    });
  }

  /** Keys before what belongs to them: a key alone was never used, a certificate alone is a loss. */
  async #missing(): Promise<StateFile[]> {
    const { authorities, serviceAccount, encryptionKey, planKey } = this.#contents;
    const pairs = await Promise.all([
      ...CA_IDS.filter((id) => authorities[id] === undefined).map((id) => this.#newAuthority(id)),
      ...(serviceAccount === undefined ? [this.#newServiceAccount()] : []),
    ]);
    return [
      ...pairs.flat(),
      ...(encryptionKey === undefined ? [randomKeyFile(ENCRYPTION_KEY)] : []),
      ...(planKey === undefined ? [randomKeyFile(PLAN_KEY)] : []),
    ];
  }

  async #newAuthority(id: CaId): Promise<StateFile[]> {
    const [{ caCertificate }, keys] = await Promise.all([
      import('./certificate.ts'),
      newKeyPair(this.#keyBits),
    ]);
    return [
      { name: `${CA_FILES[id]}.key`, content: privatePem(keys.privateKey).reveal(), secret: true },
      { name: `${CA_FILES[id]}.crt`, content: caCertificate(caSpec(id), keys, this.#now()), secret: false },
    ];
  }

  async #newServiceAccount(): Promise<StateFile[]> {
    const keys = await newKeyPair(this.#keyBits);
    return [
      { name: SERVICE_ACCOUNT.privateKey, content: privatePem(keys.privateKey).reveal(), secret: true },
      { name: SERVICE_ACCOUNT.publicKey, content: publicPem(keys.publicKey), secret: false },
    ];
  }
}

const randomKeyFile = (name: string): StateFile => ({
  name,
  content: `${randomBytes(32).toString('base64')}\n`,
  secret: true,
});
