import { join, relative } from 'node:path';
import type { CertificateRow } from '../../answers/certificates.ts';
import { ADMIN, rotatedFiles, trustedFile } from '../../pki/contents.ts';
import { pairNames } from '../../pki/rotation-files.ts';
import { CA_IDS } from '../../pki/spec.ts';
import { readIfThere } from '../../state/state-files.ts';
import { userFolder } from '../../users/credentials.ts';
import type { Cluster } from '../../cluster/open.ts';
import { fileRows } from './rows.ts';

/** The certificates of this machine: authorities, the administrator's, users'. Files are told from the state folder on. */
export async function localRows(cluster: Cluster, now: Date): Promise<CertificateRow[]> {
  const { stateFolder, kubeconfigFile, users } = cluster;
  const files = [
    ...CA_IDS.flatMap((id) => [
      ...(['own', 'next', 'old'] as const).map((place) => pairNames(rotatedFiles(id), place).open),
      trustedFile(id),
    ]).map((name) => join('pki', name)),
    join('pki', ADMIN.certificate),
    ...users
      .users()
      .map(({ name }) => relative(stateFolder, join(userFolder(stateFolder, name), `${name}.crt`))),
  ];
  const texts = await Promise.all(
    files.map(async (file) => [file, (await readIfThere(join(stateFolder, file))) ?? ''] as const),
  );
  const embedded = await embeddedIn(kubeconfigFile);
  return [...texts, [relative(stateFolder, kubeconfigFile), embedded] as const].flatMap(([file, text]) =>
    fileRows(text, { host: null, file, name: null }, now),
  );
}

async function embeddedIn(kubeconfig: string): Promise<string> {
  const text = (await readIfThere(kubeconfig)) ?? '';
  const data = /^ *client-certificate-data: *(\S+)$/m.exec(text)?.[1] ?? '';
  return Buffer.from(data, 'base64').toString('utf8');
}
