import { basename, join } from 'node:path';
import { BootstrapError } from '../kernel/errors.ts';
import type { LockedText } from '../kernel/locked-text.ts';
import { Secret } from '../kernel/secret.ts';
import { isSelfSigned } from './authority-facts.ts';
import type { Issued, KeptPair, KeyFiles } from './authority.ts';
import type { Issuer } from './issue-certificate.ts';
import {
  ADMIN,
  KEY_FILES,
  NOTHING,
  missingFrom,
  pkiFolderOf,
  readContents,
  trustedFile,
} from './contents.ts';
import type { Contents, Rotated } from './contents.ts';
import { type CheckedAuthority, readGivenAuthority } from './given-authority.ts';
import { type KeySafe, VAULT_FILE, openKeySafe } from './key-safe.ts';
import { newKeyPair, privatePem } from './keys.ts';
import { type KeyName, keyNamed } from './named-keys.ts';
import { newKeyFiles, newPlanKey } from './new-keys.ts';
import type { PkiStore, PkiStoreOptions } from './pki-store.ts';
import { keyIdOf, readAuthority } from './read-certificate.ts';
import {
  type RotationState,
  type Turn,
  believedIn,
  rotationState,
  tokenKeysIn,
  trustedIn,
  writesOf,
} from './rotation.ts';
import { write } from './rotation-files.ts';
import { CA_IDS } from './spec.ts';
import type { CaId, CertificateSpec } from './spec.ts';
import { publish, replaceFile } from '../state/state-files.ts';
import type { StateFile } from '../state/state-files.ts';
import { checkStateFolder, makeStateFolder } from '../state/folder.ts';
import { withLock } from '../state/file-lock.ts';
import { refuseAnother, refuseExpired } from './store-refusals.ts';
import { type TextDigests, openTextDigests } from './text-digests.ts';
import { bundle } from './trusted.ts';

export type { PkiStore } from './pki-store.ts';

/** The PKI of the cluster whose state folder this is; keys lie in its subfolder `pki`. Touches nothing yet. */
export const openPkiStore = (stateFolder: string, options: PkiStoreOptions = {}): PkiStore =>
  new FolderStore(stateFolder, options);

class FolderStore implements PkiStore {
  readonly #stateFolder: string;
  readonly #folder: string;
  readonly #options: PkiStoreOptions;
  readonly #now: () => Date;
  readonly #safe: KeySafe;
  readonly #digests: TextDigests;
  #contents: Contents = NOTHING;
  #given: CheckedAuthority | undefined;

  constructor(stateFolder: string, options: PkiStoreOptions) {
    this.#stateFolder = stateFolder;
    this.#folder = pkiFolderOf(stateFolder);
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
    const { passphrase: known, ask } = options;
    this.#safe = openKeySafe(stateFolder, KEY_FILES, { known, ask });
    this.#digests = openTextDigests(this.#folder);
  }

  async load(): Promise<void> {
    await checkStateFolder(this.#stateFolder);
    await this.#read();
    const { given, ask } = this.#options;
    if (given && this.exists())
      await refuseAnother(given, [this.caPem('cluster') ?? '', ...this.trusted('cluster')]);
    else if (given) this.#given ??= await readGivenAuthority(given, ask, this.#now());
  }

  async ensure(): Promise<void> {
    await makeStateFolder(this.#stateFolder);
    await this.load();
    await this.unlock();
    for (const id of CA_IDS) refuseExpired(this.#folder, id, this.caExpires(id), this.#now());
    const { keyBits = 2048, authorities = CA_IDS } = this.#options;
    const made = { keyBits, now: this.#now(), given: this.#given, authorities };
    const files = await newKeyFiles(this.#contents, made);
    if (files.length === 0) return;
    const header = this.#safe.unwritten().map((file) => ({ ...file, name: basename(file.name) }));
    await publish(this.#folder, [...header, ...files.map((file) => this.#sealed(file))]);
    await this.load();
  }

  exists(): boolean {
    return this.#contents.authorities.cluster !== undefined;
  }

  missing(): readonly string[] {
    return missingFrom(this.#contents, this.#options.authorities);
  }

  isSealed(): boolean {
    return this.#safe.sealed;
  }

  async setSealed(sealed: boolean): Promise<void> {
    if (this.exists()) {
      await this.#safe.change(sealed);
      await this.#read();
    } else if (sealed && !this.isSealed()) await this.#safe.begin();
  }

  async unlock(): Promise<void> {
    await this.#safe.unlock();
    if (this.#contents.locked.size > 0) await this.#read();
  }

  opened(name: string, text: string): string | undefined {
    return this.#safe.open(name, text);
  }

  closed(name: string, text: string): string {
    return this.#safe.close(name, text);
  }

  keyText(name: KeyName, render = (key: Secret): string => key.reveal()): string | LockedText | undefined {
    const found = keyNamed(this.#contents, name);
    if (!found) return undefined;
    // Two keys of the same name differ in what is public of them.
    const shape = this.isSealed() ? `${name} ${found.identity} ${render(new Secret('*'))}` : '';
    if (!found.key) return this.#digests.of(shape);
    const text = render(found.key);
    if (shape !== '') this.#digests.note(shape, text);
    return text;
  }

  remember(): Promise<void> {
    return this.#digests.save();
  }

  caPem(id: CaId): string | undefined {
    return this.#contents.authorities[id]?.certificate ?? this.#pending(id)?.certificate;
  }

  caKey(id: CaId): Secret | undefined {
    return this.#contents.authorities[id]?.keyPem;
  }

  caKeyId(id: CaId): string | undefined {
    const pem = this.caPem(id);
    return pem === undefined ? undefined : keyIdOf(readAuthority(pem));
  }

  caExpires(id: CaId): Date | undefined {
    const pem = this.caPem(id);
    return pem === undefined ? undefined : readAuthority(pem).notAfter;
  }

  trusted(id: CaId): readonly string[] {
    return trustedIn(this.#contents, id);
  }

  anchorPem(id: CaId): string | undefined {
    const issuing = this.caPem(id);
    return issuing && bundle(issuing, this.trusted(id));
  }

  trustPem(id: CaId): string | undefined {
    const issuing = this.caPem(id);
    const above = [...this.#parents(id), ...believedIn(this.#contents, id).flatMap(({ parents }) => parents)];
    return issuing && bundle(issuing, [...this.trusted(id), ...above]);
  }

  chainPem(id: CaId): string {
    const chain = [this.caPem(id) ?? '', ...this.#parents(id)];
    return this.#parents(id).length === 0
      ? ''
      : chain.filter((pem) => !isSelfSigned(readAuthority(pem).x509)).join('');
  }

  clientCaPem(): string | undefined {
    const [cluster, users] = [this.anchorPem('cluster'), this.anchorPem('users')];
    return cluster && users && `${cluster}${users}`;
  }

  serviceAccount(): KeyFiles | undefined {
    return this.#contents.serviceAccount;
  }

  tokenKeysPem(): string | undefined {
    return tokenKeysIn(this.#contents);
  }

  rotation(what: Rotated): RotationState | undefined {
    return rotationState(this.#contents, what);
  }

  async rotate(what: Rotated, turn: Turn): Promise<void> {
    await this.unlock();
    await withLock(`${this.#folder}.lock`, async () => {
      await this.#read();
      for (const change of writesOf(this.#contents, what, turn)) {
        await write(this.#folder, change, (file) => this.#sealed(file));
      }
    });
    await this.#read();
  }

  encryptionKey(): Secret | undefined {
    return this.#contents.encryptionKey;
  }

  planKey(): Secret | undefined {
    return this.#contents.planKey;
  }

  async ensurePlanKey(): Promise<Secret> {
    if (this.#contents.planKey === undefined) {
      await makeStateFolder(this.#stateFolder);
      await publish(this.#folder, [newPlanKey()]);
      await this.#read();
    }
    const key = this.#contents.planKey;
    if (key) return key;
    throw new BootstrapError('E_BUG', `no key of stored plans was made in ${this.#folder}`);
  }

  admin(): KeptPair | undefined {
    return this.#contents.admin;
  }

  async issue(spec: CertificateSpec): Promise<Issued> {
    if (this.#contents.authorities[spec.ca] === undefined) {
      throw new BootstrapError('E_CA_MISSING', `there is no authority "${spec.ca}" to issue ${spec.id}`, {
        hint: `It is made by "up", in ${this.#folder}.`,
      });
    }
    refuseExpired(this.#folder, spec.ca, this.caExpires(spec.ca), this.#now());
    const { certificate, key } = await this.#opened(spec.ca);
    // forge takes 40 ms to load: only who issues pays for it.
    const [{ leafCertificate }, keys] = await Promise.all([
      import('./issue-certificate.ts'),
      newKeyPair(this.#options.keyBits ?? 2048),
    ]);
    const leaf = leafCertificate(spec, keys, { certificate, key }, this.#now());
    return { certificate: leaf + this.chainPem(spec.ca), key: privatePem(keys.privateKey) };
  }

  async issueAdmin(spec: CertificateSpec): Promise<Issued> {
    const admin = await this.issue(spec);
    await this.unlock();
    const key: StateFile = { name: ADMIN.key, content: admin.key.reveal(), secret: true };
    await replaceFile(this.#folder, this.#sealed(key));
    await replaceFile(this.#folder, { name: ADMIN.certificate, content: admin.certificate, secret: false });
    await this.#read();
    return admin;
  }

  async keepTrusted(id: CaId, certificates: readonly string[]): Promise<void> {
    const file = { name: trustedFile(id), content: certificates.join(''), secret: false };
    await replaceFile(this.#folder, file);
    this.#contents = { ...this.#contents, trusted: { ...this.#contents.trusted, [id]: certificates } };
  }

  async #read(): Promise<void> {
    await this.#safe.load();
    if (this.#safe.sealed) await this.#digests.load();
    this.#contents = await readContents(this.#folder, (name, text) => this.opened(`pki/${name}`, text));
    if (this.#contents.locked.size === 0 || this.#safe.sealed) return;
    throw new BootstrapError(
      'E_VAULT',
      `${join(this.#stateFolder, VAULT_FILE)} is missing, and keys beside it are sealed`,
      {
        hint: 'Bring it back from a backup. Without it they cannot be opened; "k8s-bootstrap adopt" reads them from a master into an empty folder.',
      },
    );
  }

  #sealed(file: StateFile): StateFile {
    if (!KEY_FILES.includes(file.name)) return file;
    return { ...file, content: this.closed(`pki/${file.name}`, file.content) };
  }

  async #opened(id: CaId): Promise<Issuer> {
    await this.unlock();
    const { certificate, key } = this.#contents.authorities[id] ?? {};
    if (certificate !== undefined && key) return { certificate, key };
    throw new BootstrapError('E_BUG', `the key of the authority ${id} is still locked`);
  }

  /** One that is given, and not in the folder yet. */
  #pending(id: CaId): CheckedAuthority | undefined {
    return id === 'cluster' && !this.exists() ? this.#given : undefined;
  }

  #parents(id: CaId): readonly string[] {
    return this.#contents.authorities[id]?.parents ?? this.#pending(id)?.parents ?? [];
  }
}
