import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { BootstrapError } from '../../kernel/errors.ts';
import {
  adminFiles,
  serviceAccountKeyFile,
  serviceAccountPublicFile,
} from '../../phases/trust/authorities.ts';
import { isSelfSigned } from '../../pki/authority-facts.ts';
import { authorityFrom, keyFilesFrom, pairFits } from '../../pki/authority.ts';
import { ADMIN, CA_FILES, ENCRYPTION_KEY, trustedFile } from '../../pki/contents.ts';
import { filesOf } from '../../pki/new-keys.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { CA_IDS, type CaId } from '../../pki/spec.ts';
import type { StateFile } from '../../state/state-files.ts';
import { certificatesOf } from '../../pki/trusted.ts';
import { paths } from '../../kernel/host-paths.ts';
import { ONCE } from '../../kernel/once.ts';
import { readYaml } from '../../kernel/yaml.ts';
import type { Holdings } from './holdings.ts';

/**
 * The files of a PKI folder, from what a master holds; keys go before what belongs to them.
 * @param master names it in messages
 * @param authorities those that the cluster has
 * @param kept names of files that the folder has: an authority that is whole there is not asked for
 * @throws E_ADOPT when an authority's key is not there; E_PKI_MISMATCH, E_PKI_INVALID when what is there does not fit
 */
export function restoredFiles(
  found: Holdings,
  master: string,
  kept: ReadonlySet<string> = new Set(),
  authorities: readonly CaId[] = CA_IDS,
): StateFile[] {
  const wanted = authorities.filter(
    (id) => ![`${CA_FILES[id]}.crt`, `${CA_FILES[id]}.key`].every((name) => kept.has(name)),
  );
  const missing = wanted
    .map((id) => caFilesOf(id))
    .flatMap(({ certificate, key }) => [certificate, key].filter((path) => !found.has(path)));
  if (missing.length > 0) {
    throw new BootstrapError('E_ADOPT', `${master} does not have ${missing.join(', ')}`, {
      hint: 'With "pki.caKeys: controller" the authorities’ keys were in the lost state folder alone: only a backup of it brings them back. Nothing was written.',
    });
  }
  return [
    ...wanted.flatMap((id) => authority(id, found, master)),
    ...serviceAccount(found, master),
    ...admin(found),
    ...encryptionKey(found.get(paths.encryptionConfig)?.reveal()),
  ];
}

const secret = (name: string, content: string): StateFile => ({ name, content, secret: true });
const open = (name: string, content: string): StateFile => ({ name, content, secret: false });

const pairFile = (
  found: Holdings,
  master: string,
  path: string,
): { path: string; text: string | undefined } => ({
  path: `${master}:${path}`,
  text: found.get(path)?.reveal(),
});

/** Hosts have one file of all that are trusted; the one that issues is the one whose key is there. */
function authority(id: CaId, found: Holdings, master: string): StateFile[] {
  const files = caFilesOf(id);
  const keyFile = pairFile(found, master, files.key);
  const all = certificatesOf(found.get(files.certificate)?.reveal() ?? '');
  const certificate = all.find((pem) => pairFits(pem, keyFile.text ?? '')) ?? all[0] ?? '';
  authorityFrom({ path: `${master}:${files.certificate}`, text: certificate }, keyFile, []);
  const parents = above(certificate, all);
  const others = all.filter((pem) => pem !== certificate && !parents.includes(pem));
  return [
    // First: an authority that is whole is not asked for again.
    ...(others.length > 0 ? [open(trustedFile(id), others.join(''))] : []),
    ...filesOf(id, { open: certificate, key: keyFile.text ?? '', chain: parents.join('') }),
  ];
}

/** Those that issued a certificate, up to the root. */
function above(pem: string, all: readonly string[]): string[] {
  const x509 = new X509Certificate(pem);
  if (isSelfSigned(x509)) return [];
  const parent = all.find((one) => {
    const other = new X509Certificate(one);
    return x509.checkIssued(other) && x509.verify(other.publicKey);
  });
  const rest = all.filter((one) => one !== pem && one !== parent);
  return parent === undefined ? [] : [parent, ...above(parent, rest)];
}

function serviceAccount(found: Holdings, master: string): StateFile[] {
  const publicFile = pairFile(found, master, serviceAccountPublicFile);
  const keyFile = pairFile(found, master, serviceAccountKeyFile);
  if (keyFilesFrom(publicFile, keyFile) === undefined) return [];
  return filesOf('service-account', { open: publicFile.text ?? '', key: keyFile.text ?? '', chain: '' });
}

/** What does not fit is issued anew. */
function admin(found: Holdings): StateFile[] {
  const [certificate, key] = [found.get(adminFiles[0])?.reveal(), found.get(adminFiles[1])?.reveal()];
  if (certificate === undefined || key === undefined || !pairFits(certificate, key)) return [];
  return [secret(ADMIN.key, key), open(ADMIN.certificate, certificate)];
}

const encryptionConfig = z.object({
  resources: z.array(
    z.object({
      providers: z.array(
        z.object({ aescbc: z.object({ keys: z.array(z.object({ secret: z.string() })) }).optional() }),
      ),
    }),
  ),
});

/** Profile `course` has no such file, and another key harms nobody there. */
function encryptionKey(text: string | undefined): StateFile[] {
  if (text === undefined) return [];
  const refuse = (problem: string, cause?: unknown): BootstrapError =>
    new BootstrapError('E_ADOPT', `${paths.encryptionConfig} ${problem}`, {
      hint: 'Without its key no secret in etcd can be read. Bring the file back on that master. Nothing was written.',
      cause,
    });
  let config: unknown;
  try {
    config = readYaml(text);
  } catch (cause) {
    throw refuse('cannot be read', cause);
  }
  const known = encryptionConfig.safeParse(config, ONCE);
  const providers = known.data?.resources.flatMap((one) => one.providers) ?? [];
  const key = providers.flatMap((one) => one.aescbc?.keys ?? [])[0]?.secret;
  if (key === undefined) throw refuse('holds no aescbc key');
  return [secret(ENCRYPTION_KEY, `${key}\n`)];
}
