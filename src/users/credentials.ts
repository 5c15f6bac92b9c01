import { join } from 'node:path';
import { Secret } from '../kernel/secret.ts';
import { type Issued, type KeptPair, pairFits } from '../pki/authority.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import { readCertificate } from '../pki/read-certificate.ts';
import { readIfThere } from '../state/state-files.ts';
import { refuseOpenAccess } from '../state/folder.ts';
import type { Issuance } from './registry.ts';

export const usersFolder = (stateFolder: string): string => join(stateFolder, 'users');

/** Folder of everything that a user is given. */
export const userFolder = (stateFolder: string, name: string): string => join(usersFolder(stateFolder), name);

/** The name of a user's file to the one who seals it. */
export const sealedName = (user: string, file: string): string => `users/${user}/${file}`;

/**
 * A user's certificate and key, if that is not locked; `undefined` when one is missing or they do not belong together: then they are made again.
 * @throws E_STATE_PERMISSIONS when others may read the key
 */
export async function readCredentials(
  stateFolder: string,
  name: string,
  pki: PkiStore,
): Promise<KeptPair | undefined> {
  const path = join(userFolder(stateFolder, name), name);
  await refuseOpenAccess(`${path}.key`);
  const [certificate, text] = await Promise.all([readIfThere(`${path}.crt`), readIfThere(`${path}.key`)]);
  if (certificate === undefined || text === undefined) return undefined;
  const key = pki.opened(sealedName(name, `${name}.key`), text);
  if (key === undefined) return { certificate, key };
  if (!pairFits(certificate, key)) return undefined;
  return { certificate, key: new Secret(key) };
}

/** What is remembered of a certificate. */
export function issuance(name: string, { certificate }: Issued): Issuance {
  const { x509, notAfter } = readCertificate(certificate);
  return { name, serial: x509.serialNumber.toLowerCase(), expires: notAfter.toISOString() };
}
