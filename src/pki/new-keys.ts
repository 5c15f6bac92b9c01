import { randomBytes } from 'node:crypto';
import {
  CA_FILES,
  type Contents,
  ENCRYPTION_KEY,
  PLAN_KEY,
  SERVICE_ACCOUNT,
  chainFile,
  hasEncryptionKey,
} from './contents.ts';
import type { CheckedAuthority } from './given-authority.ts';
import { newKeyPair, privatePem, publicPem } from './keys.ts';
import { caSpec } from './profiles.ts';
import type { CaId } from './spec.ts';
import type { StateFile } from '../state/state-files.ts';

/** What new keys depend on. */
export interface NewKeys {
  readonly keyBits: number;
  readonly now: Date;
  /** The cluster's authority, when it is not to be made. */
  readonly given: CheckedAuthority | undefined;
  readonly authorities: readonly CaId[];
}

/**
 * Makes what a PKI folder lacks. Keys go before what belongs to them: a key alone was never used, a certificate
 * alone is a loss.
 */
export async function newKeyFiles(contents: Contents, options: NewKeys): Promise<StateFile[]> {
  const { authorities, serviceAccount, planKey } = contents;
  const { given } = options;
  const pairs = await Promise.all([
    ...options.authorities
      .filter((id) => authorities[id] === undefined)
      .map((id) => (id === 'cluster' && given ? givenAuthority(given) : newAuthority(id, options))),
    ...(serviceAccount === undefined ? [newServiceAccount(options)] : []),
  ]);
  return [
    ...pairs.flat(),
    ...(hasEncryptionKey(contents) ? [] : [randomKeyFile(ENCRYPTION_KEY)]),
    ...(planKey === undefined ? [randomKeyFile(PLAN_KEY)] : []),
  ];
}

const secret = (name: string, content: string): StateFile => ({ name, content, secret: true });
const open = (name: string, content: string): StateFile => ({ name, content, secret: false });

const givenAuthority = ({ certificate, parents, key }: CheckedAuthority): StateFile[] => [
  secret(`${CA_FILES.cluster}.key`, key.reveal()),
  ...(parents.length > 0 ? [open(chainFile('cluster'), parents.join(''))] : []),
  open(`${CA_FILES.cluster}.crt`, certificate),
];

async function newAuthority(id: CaId, { keyBits, now }: NewKeys): Promise<StateFile[]> {
  // forge takes 40 ms to load: only who issues pays for it.
  const [{ caCertificate }, keys] = await Promise.all([
    import('./issue-certificate.ts'),
    newKeyPair(keyBits),
  ]);
  return [
    secret(`${CA_FILES[id]}.key`, privatePem(keys.privateKey).reveal()),
    open(`${CA_FILES[id]}.crt`, caCertificate(caSpec(id), keys, now)),
  ];
}

async function newServiceAccount({ keyBits }: NewKeys): Promise<StateFile[]> {
  const keys = await newKeyPair(keyBits);
  return [
    secret(SERVICE_ACCOUNT.privateKey, privatePem(keys.privateKey).reveal()),
    open(SERVICE_ACCOUNT.publicKey, publicPem(keys.publicKey)),
  ];
}

const randomKeyFile = (name: string): StateFile => secret(name, `${randomBytes(32).toString('base64')}\n`);
