import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { type PassphraseSource, PASSPHRASE_VARIABLE, newPassphrase, passphraseFor } from './passphrase.ts';
import { type StateFile, readIfThere, replaceFile } from '../state/state-files.ts';
import { type Vault, isSealed, newVault, openVault } from './vault.ts';

/**
 * The private keys of a state folder, plain or sealed. Nobody is asked for a passphrase before one has to be opened. Files
 * are named by their paths in the state folder: a sealed one is bound to its name.
 */
export interface KeySafe {
  /** Looks whether keys are to be sealed here. */
  load(): Promise<void>;
  readonly sealed: boolean;
  /** What a file holds; `undefined` while it is locked. */
  open(name: string, text: string): string | undefined;
  /** The text as it is to be written: sealed where that is wanted. Unlock before. */
  close(name: string, text: string): string;
  /** @throws E_PASSPHRASE, E_VAULT */
  unlock(): Promise<void>;
  /** Chooses the passphrase. */
  begin(): Promise<void>;
  /** Files that have to be written before, or with, what was sealed after `begin`. */
  unwritten(): readonly StateFile[];
  /**
   * Seals all keys, or opens them for good; each file is replaced whole, so that a crash leaves some of either
   * kind, which can be read, and the next call ends the work.
   */
  change(seal: boolean): Promise<void>;
}

export const VAULT_FILE = 'pki/vault.json';

/** @param pkiFiles names in `pki` of files that hold keys */
export const openKeySafe = (
  stateFolder: string,
  pkiFiles: readonly string[],
  source: PassphraseSource,
): KeySafe => new FolderSafe(stateFolder, pkiFiles, source);

const WHAT = 'the keys in the state folder';
const HINT = `Run it on a terminal, or set ${PASSPHRASE_VARIABLE}.`;

class FolderSafe implements KeySafe {
  readonly #folder: string;
  readonly #pkiFiles: readonly string[];
  readonly #source: PassphraseSource;
  #header: string | undefined;
  #unwritten: string | undefined;
  #vault: Promise<Vault> | undefined;
  #opened: Vault | undefined;

  constructor(folder: string, pkiFiles: readonly string[], source: PassphraseSource) {
    this.#folder = folder;
    this.#pkiFiles = pkiFiles;
    this.#source = source;
  }

  get sealed(): boolean {
    return this.#header !== undefined;
  }

  async load(): Promise<void> {
    const header = await readIfThere(join(this.#folder, VAULT_FILE));
    if (header !== undefined) this.#unwritten = undefined;
    this.#header = header ?? this.#unwritten;
  }

  open(name: string, text: string): string | undefined {
    return isSealed(text) ? this.#opened?.open(name, text) : text;
  }

  close(name: string, text: string): string {
    if (!this.sealed) return text;
    if (this.#opened) return this.#opened.seal(name, text);
    throw new BootstrapError('E_BUG', `${name} is to be sealed while the keys are locked`);
  }

  async unlock(): Promise<void> {
    const header = this.#header;
    if (header === undefined || this.#opened) return;
    const path = join(this.#folder, VAULT_FILE);
    // Several may need a key at the same time, and one question is enough.
    this.#vault ??= passphraseFor(WHAT, HINT, this.#source).then((one) => openVault(header, path, one));
    this.#opened = await this.#vault;
  }

  async begin(): Promise<void> {
    const { vault, header } = await newVault(await newPassphrase(WHAT, HINT, this.#source));
    this.#header = this.#unwritten = header;
    this.#opened = vault;
  }

  unwritten(): readonly StateFile[] {
    return this.#unwritten === undefined
      ? []
      : [{ name: VAULT_FILE, content: this.#unwritten, secret: true }];
  }

  async change(seal: boolean): Promise<void> {
    if (!seal && !this.sealed) return;
    // The header first, and last to go: what is sealed can then always be opened.
    if (!this.sealed) await this.begin();
    for (const header of this.unwritten()) await replaceFile(this.#folder, header);
    await this.unlock();
    for (const name of await this.#secretFiles()) {
      const text = await readIfThere(join(this.#folder, name));
      if (text === undefined || isSealed(text) === seal) continue;
      const content = seal ? this.close(name, text) : (this.open(name, text) ?? text);
      await replaceFile(this.#folder, { name, content, secret: true });
    }
    if (seal) return;
    await removeFile(join(this.#folder, VAULT_FILE));
    this.#header = this.#unwritten = undefined;
  }

  async #secretFiles(): Promise<string[]> {
    const users = join(this.#folder, 'users');
    const found = await readdir(users, { recursive: true, withFileTypes: true }).catch(() => []);
    // A user's folder has the name of the user, which may end like that of a key.
    const given = found.filter((entry) => entry.isFile() && /\.(?:key|kubeconfig|token)$/.test(entry.name));
    const paths = given.map(({ parentPath, name }) => relative(this.#folder, join(parentPath, name)));
    return [...this.#pkiFiles.map((name) => `pki/${name}`), ...paths];
  }
}
