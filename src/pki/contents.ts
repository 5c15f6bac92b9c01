import { join } from 'node:path';
import { Secret } from '../kernel/secret.ts';
import { authorityFrom, keyFilesFrom, pairFits, randomKeyFrom } from './authority.ts';
import type { Authority, Issued, KeyFiles, PairFile } from './authority.ts';
import { CA_IDS } from './spec.ts';
import type { CaId } from './spec.ts';
import { readIfThere } from './state-files.ts';
import { refuseOpenAccess } from './state-folder.ts';

/** File names in the PKI folder, without `.crt` and `.key`. */
export const CA_FILES: Readonly<Record<CaId, string>> = {
  cluster: 'ca',
  etcd: 'etcd-ca',
  'front-proxy': 'front-proxy-ca',
  users: 'users-ca',
};
export const SERVICE_ACCOUNT = { publicKey: 'sa.pub', privateKey: 'sa.key' } as const;
export const ADMIN = { certificate: 'admin.crt', key: 'admin.key' } as const;
export const ENCRYPTION_KEY = 'encryption.key';
export const PLAN_KEY = 'plan.hmac';

/** What was found in the PKI folder. */
export interface Contents {
  readonly authorities: Readonly<Partial<Record<CaId, Authority>>>;
  readonly serviceAccount?: KeyFiles | undefined;
  readonly encryptionKey?: Secret | undefined;
  readonly planKey?: Secret | undefined;
  readonly admin?: Issued | undefined;
}

/**
 * Reads a PKI folder and checks that what belongs together fits.
 * @throws E_STATE_PERMISSIONS, E_PKI_INCOMPLETE, E_PKI_INVALID, E_PKI_ALGORITHM, E_PKI_MISMATCH naming the file
 */
export async function readContents(folder: string): Promise<Contents> {
  const file = async (name: string): Promise<PairFile> => {
    const path = join(folder, name);
    return { path, text: await readIfThere(path) };
  };
  const secretFile = async (name: string): Promise<PairFile> => {
    await refuseOpenAccess(join(folder, name));
    return file(name);
  };
  const pair = (open: string, key: string): Promise<[PairFile, PairFile]> =>
    Promise.all([file(open), secretFile(key)]);
  await refuseOpenAccess(folder);
  const [authorities, serviceAccount, admin, encryptionKey, planKey] = await Promise.all([
    Promise.all(CA_IDS.map((id) => pair(`${CA_FILES[id]}.crt`, `${CA_FILES[id]}.key`))),
    pair(SERVICE_ACCOUNT.publicKey, SERVICE_ACCOUNT.privateKey),
    pair(ADMIN.certificate, ADMIN.key),
    secretFile(ENCRYPTION_KEY),
    secretFile(PLAN_KEY),
  ]);
  return {
    authorities: byId(authorities.map((files) => authorityFrom(...files))),
    serviceAccount: keyFilesFrom(...serviceAccount),
    encryptionKey: randomKeyFrom(encryptionKey),
    planKey: randomKeyFrom(planKey),
    admin: adminFrom(...admin),
  };
}

function byId(authorities: readonly (Authority | undefined)[]): Contents['authorities'] {
  const found: Partial<Record<CaId, Authority>> = {};
  CA_IDS.forEach((id, index) => {
    const authority = authorities[index];
    if (authority !== undefined) found[id] = authority;
  });
  return found;
}

/** A crash between its two files costs nothing: it is issued again. */
function adminFrom({ text: certificate }: PairFile, { text: key }: PairFile): Issued | undefined {
  if (certificate === undefined || key === undefined || !pairFits(certificate, key)) return undefined;
  return { certificate, key: new Secret(key) };
}
