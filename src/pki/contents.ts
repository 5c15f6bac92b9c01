import { join } from 'node:path';
import { Secret } from '../kernel/secret.ts';
import { authorityFrom, keyFilesFrom, pairFits, randomKeyFrom } from './authority.ts';
import type { Authority, KeptPair, KeyFiles, PairFile } from './authority.ts';
import { CA_IDS } from './spec.ts';
import type { CaId } from './spec.ts';
import { readIfThere } from '../state/state-files.ts';
import { refuseOpenAccess } from '../state/folder.ts';
import { type PairNames, type RotatedFiles, pairNames, readyFile } from './rotation-files.ts';
import { certificatesOf, trustedFrom } from './trusted.ts';

/** Folder of a cluster's keys and certificates. */
export const pkiFolderOf = (stateFolder: string): string => join(stateFolder, 'pki');

/** File names in the PKI folder, without `.crt` and `.key`. */
export const CA_FILES: Readonly<Record<CaId, string>> = {
  cluster: 'ca',
  etcd: 'etcd-ca',
  'front-proxy': 'front-proxy-ca',
  users: 'users-ca',
};
/** Beside `CA_FILES`: authorities that hosts trust as well, while one takes over from another. */
export const trustedFile = (id: CaId): string => `${CA_FILES[id]}.trusted.crt`;
export const SERVICE_ACCOUNT = { publicKey: 'sa.pub', privateKey: 'sa.key' } as const;
export const ADMIN = { certificate: 'admin.crt', key: 'admin.key' } as const;
export const ENCRYPTION_KEY = 'encryption.key';
export const PLAN_KEY = 'plan.hmac';
/** What hands over to another of its kind: an authority, or the pair that signs the tokens of service accounts. */
export const ROTATED = [...CA_IDS, 'service-account'] as const;
export type Rotated = (typeof ROTATED)[number];
export const rotatedFiles = (what: Rotated): RotatedFiles =>
  what === 'service-account' ? { base: 'sa', extension: 'pub' } : { base: CA_FILES[what], extension: 'crt' };
/** Files that are sealed when keys are. The plan key opens nothing. */
export const KEY_FILES: readonly string[] = [
  ...ROTATED.flatMap((what) =>
    (['own', 'next', 'old'] as const).map((place) => pairNames(rotatedFiles(what), place).key),
  ),
  ADMIN.key,
  ENCRYPTION_KEY,
];

/** How far a pair has got on the way of handing over to another. */
export interface Rotation<Pair> {
  /**
   * `begun`: the other is believed beside the one in use. `handed-over`: it has become the one in use, and the former is
   * the other. `dropped`: the other is believed no more, and its key is still there.
   */
  readonly step: 'begun' | 'handed-over' | 'dropped';
  /** Of one that was dropped only that there was one counts. */
  readonly other: Pair | undefined;
  /** When all was ready for the next step. */
  readonly ready: Date | undefined;
  /** Whether the one in use still lies at the place of the next. */
  readonly unsettled: boolean;
}

/** What was found in the PKI folder. */
export interface Contents {
  readonly authorities: Readonly<Partial<Record<CaId, Authority>>>;
  /** Certificates that are trusted beside that of the authority. */
  readonly trusted: Readonly<Partial<Record<CaId, readonly string[]>>>;
  readonly rotations: Readonly<Partial<Record<CaId, Rotation<Authority>>>>;
  readonly serviceAccount?: KeyFiles | undefined;
  readonly serviceAccountRotation?: Rotation<KeyFiles> | undefined;
  readonly encryptionKey?: Secret | undefined;
  readonly planKey?: Secret | undefined;
  readonly admin?: KeptPair | undefined;
  /** Names of files that are there, and locked. */
  readonly locked: ReadonlySet<string>;
}

export const NOTHING: Contents = { authorities: {}, trusted: {}, rotations: {}, locked: new Set() };

/** Whether the key that Secrets are encrypted with is there, locked or open. */
export const hasEncryptionKey = ({ encryptionKey, locked }: Contents): boolean =>
  encryptionKey !== undefined || locked.has(ENCRYPTION_KEY);

/** Files that hosts have been set up with and that are not there; the administrator's and the plan key are remade. */
export const missingFrom = (contents: Contents, wanted: readonly CaId[] = CA_IDS): string[] => [
  ...wanted
    .filter((id) => !contents.authorities[id])
    .flatMap((id) => [`${CA_FILES[id]}.crt`, `${CA_FILES[id]}.key`]),
  ...(contents.serviceAccount ? [] : [SERVICE_ACCOUNT.privateKey, SERVICE_ACCOUNT.publicKey]),
  ...(hasEncryptionKey(contents) ? [] : [ENCRYPTION_KEY]),
];

/**
 * Reads a PKI folder and checks that what belongs together fits.
 * @throws E_STATE_PERMISSIONS, E_PKI_INCOMPLETE, E_PKI_INVALID, E_PKI_ALGORITHM, E_PKI_MISMATCH naming the file
 * @param open what a key file holds; `undefined` while it is locked
 */
export async function readContents(
  folder: string,
  open: (name: string, text: string) => string | undefined,
): Promise<Contents> {
  const locked = new Set<string>();
  const file = async (name: string): Promise<PairFile> => {
    const path = join(folder, name);
    return { path, text: await readIfThere(path) };
  };
  const secretFile = async (name: string): Promise<PairFile> => {
    await refuseOpenAccess(join(folder, name));
    const { path, text } = await file(name);
    const opened = text === undefined ? undefined : open(name, text);
    if (text === undefined || opened !== undefined) return { path, text: opened };
    locked.add(name);
    return { path, text, locked: true };
  };
  const pair = (open: string, key: string): Promise<[PairFile, PairFile]> =>
    Promise.all([file(open), secretFile(key)]);
  const turn = async <Pair>(
    what: Rotated,
    read: (names: PairNames) => Promise<Pair | undefined>,
  ): Promise<Turn<Pair>> => {
    const files = rotatedFiles(what);
    const isThere = async (name: string): Promise<boolean> => (await file(name)).text !== undefined;
    const at = async (place: 'next' | 'old'): Promise<Pair | undefined> => {
      const names = pairNames(files, place);
      return (await isThere(names.open)) ? read(names) : undefined;
    };
    const [next, old, gone] = await Promise.all([
      at('next'),
      at('old'),
      isThere(pairNames(files, 'gone').open),
    ]);
    const own = next && old ? next : await read(pairNames(files));
    if (!next && !old && !gone) return { own };
    const { text } = await file(readyFile(files));
    const ready = text === undefined ? undefined : new Date(text.trim());
    const step = old ? 'handed-over' : next ? 'begun' : 'dropped';
    return { own, rotation: { step, other: old ?? next, ready, unsettled: Boolean(next && old) } };
  };
  const authority = async (names: PairNames): Promise<Authority | undefined> => {
    const [files, chain] = await Promise.all([pair(names.open, names.key), file(names.chain)]);
    return authorityFrom(...files, certificatesOf(chain.text ?? ''));
  };
  const serviceAccount = async ({ open, key }: PairNames): Promise<KeyFiles | undefined> =>
    keyFilesFrom(...(await pair(open, key)));
  await refuseOpenAccess(folder);
  const [authorities, trusted, accounts, admin, encryptionKey, planKey] = await Promise.all([
    Promise.all(CA_IDS.map((id) => turn(id, authority))),
    Promise.all(CA_IDS.map((id) => file(trustedFile(id)))),
    turn('service-account', serviceAccount),
    pair(ADMIN.certificate, ADMIN.key),
    secretFile(ENCRYPTION_KEY),
    secretFile(PLAN_KEY),
  ]);
  return {
    authorities: byId(authorities.map(({ own }) => own)),
    trusted: byId(trusted.map(trustedFrom)),
    rotations: byId(authorities.map(({ rotation }) => rotation)),
    serviceAccount: accounts.own,
    serviceAccountRotation: accounts.rotation,
    encryptionKey: randomKeyFrom(encryptionKey),
    planKey: randomKeyFrom(planKey),
    admin: adminFrom(...admin),
    locked,
  };
}

/** The pair in use, and how far it has got on the way of handing over. */
interface Turn<Pair> {
  readonly own: Pair | undefined;
  readonly rotation?: Rotation<Pair>;
}

function byId<T>(values: readonly (T | undefined)[]): Readonly<Partial<Record<CaId, T>>> {
  const found: Partial<Record<CaId, T>> = {};
  CA_IDS.forEach((id, index) => {
    const value = values[index];
    if (value !== undefined) found[id] = value;
  });
  return found;
}

/** A crash between its two files costs nothing: it is issued again. */
function adminFrom({ text: certificate }: PairFile, { text: key, locked }: PairFile): KeptPair | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  if (locked) return { certificate, key: undefined };
  return pairFits(certificate, key) ? { certificate, key: new Secret(key) } : undefined;
}
