import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import type { User } from '../inventory/types.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Issued } from '../pki/authority.ts';
import { kubeconfig } from '../pki/kubeconfig.ts';
import { specForUser } from '../pki/profiles.ts';
import { type StateFile, readIfThere, replaceFile } from '../state/state-files.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import { isSealed } from '../pki/vault.ts';
import { objectsText } from '../resources/cluster/objects-text.ts';
import { accessOf } from './access.ts';
import { sealedName } from './credentials.ts';

/** What is needed besides the user to make its files. */
export interface UserMaterial {
  readonly issued: Issued | undefined;
  readonly token: Secret | undefined;
  /** Certificate of the cluster's authority, and of that and the users' together. */
  readonly ca: string;
  readonly clientCa: string;
  readonly cluster: string;
  /** `https://host:port` */
  readonly server: string;
}

/**
 * Everything a user is given, as files of one folder. `ca.crt` holds both authorities: with it the user's own
 * certificate can be verified, and the API server's; the users' one is good for clients only.
 */
export async function userFiles(user: User, material: UserMaterial): Promise<StateFile[]> {
  const { name } = user;
  const { issued, token, clientCa } = material;
  const open = (suffix: string, content: string): StateFile => ({ name: suffix, content, secret: false });
  const secret = (suffix: string, content: string): StateFile => ({ name: suffix, content, secret: true });
  const access = accessOf(user);
  return [
    ...(issued
      ? [
          secret(`${name}.key`, issued.key.reveal()),
          open(`${name}.csr`, await requestOf(user, issued)),
          open(`${name}.crt`, issued.certificate),
        ]
      : []),
    ...(token ? [secret(`${name}.token`, `${token.reveal()}\n`)] : []),
    open('ca.crt', clientCa),
    secret(`${name}.kubeconfig`, userKubeconfig(user, material)),
    open('rbac.yaml', objectsText([...access.shared, ...access.own])),
  ];
}

/** Makes a user's folder hold these files: what changed is written, and what belongs to it no more is deleted. */
export async function writeUserFiles(
  folder: string,
  user: string,
  files: readonly StateFile[],
  pki: PkiStore,
): Promise<void> {
  for (const file of files) {
    const name = sealedName(user, file.name);
    const text = await readIfThere(join(folder, file.name));
    const known = text === undefined ? undefined : pki.opened(name, text);
    const asWanted = isSealed(text ?? '') === (file.secret && pki.isSealed());
    if (known === file.content && asWanted) continue;
    await replaceFile(folder, file.secret ? { ...file, content: pki.closed(name, file.content) } : file);
  }
  const wanted = new Set(files.map(({ name }) => name));
  for (const name of await readdir(folder)) if (!wanted.has(name)) await removeFile(join(folder, name));
}

/** A kubeconfig with everything in it. */
export const userKubeconfig = (user: User, { issued, token, ca, cluster, server }: UserMaterial): string =>
  kubeconfig({
    cluster,
    server,
    user: user.name,
    namespace: onlyNamespace(user),
    ca: { data: ca },
    certificate: issued && { data: issued.certificate, keyData: issued.key },
    token,
  });

/** Where the namespaced part of a role holds, when that is one place: elsewhere kubectl would be refused. */
function onlyNamespace(user: User): string | undefined {
  const places = accessOf(user).own.flatMap(({ kind, metadata: { namespace } }) =>
    kind === 'RoleBinding' && namespace !== undefined ? [namespace] : [],
  );
  const [only, ...others] = new Set(places);
  return others.length === 0 && only !== 'default' ? only : undefined;
}

export const specOf = ({ name, groups, days }: User): ReturnType<typeof specForUser> =>
  specForUser(name, groups, days);

/** forge takes 40 ms to load: only who makes files pays for it. */
async function requestOf(user: User, { key }: Issued): Promise<string> {
  const { signingRequest } = await import('../pki/signing-request.ts');
  return signingRequest(specOf(user), key);
}
