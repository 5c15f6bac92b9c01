import { randomBytes } from 'node:crypto';
import {
  type Contents,
  ENCRYPTION_KEY,
  PLAN_KEY,
  type Rotated,
  hasEncryptionKey,
  rotatedFiles,
} from './contents.ts';
import type { CheckedAuthority } from './given-authority.ts';
import { newKeyPair, privatePem, publicPem } from './keys.ts';
import { caSpec } from './profiles.ts';
import { type PairTexts, pairNames } from './rotation-files.ts';
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
    ...(planKey === undefined ? [newPlanKey()] : []),
  ];
}

const secret = (name: string, content: string): StateFile => ({ name, content, secret: true });
const open = (name: string, content: string): StateFile => ({ name, content, secret: false });

const givenAuthority = (given: CheckedAuthority): StateFile[] => filesOf('cluster', textsOf(given));

const newAuthority = async (id: CaId, { keyBits, now }: NewKeys): Promise<StateFile[]> =>
  filesOf(id, await newAuthorityTexts(id, keyBits, now));

const newServiceAccount = async ({ keyBits }: NewKeys): Promise<StateFile[]> =>
  filesOf('service-account', await newServiceAccountTexts(keyBits));

/** The files of a pair in use; the key goes before what belongs to it. */
export function filesOf(what: Rotated, texts: PairTexts): StateFile[] {
  const names = pairNames(rotatedFiles(what));
  return [
    secret(names.key, texts.key),
    ...(texts.chain === '' ? [] : [open(names.chain, texts.chain)]),
    open(names.open, texts.open),
  ];
}

/** An authority that was given, as it is kept. */
export const textsOf = ({ certificate, parents, key }: CheckedAuthority): PairTexts => ({
  open: certificate,
  key: key.reveal(),
  chain: parents.join(''),
});

/** A new authority of the trust tree. */
export async function newAuthorityTexts(id: CaId, keyBits: number, now: Date): Promise<PairTexts> {
  // forge takes 40 ms to load: only who issues pays for it.
  const [{ caCertificate }, keys] = await Promise.all([
    import('./issue-certificate.ts'),
    newKeyPair(keyBits),
  ]);
  const key = privatePem(keys.privateKey).reveal();
  return { open: caCertificate(caSpec(id), keys, now), key, chain: '' };
}

/** A new pair for the tokens of service accounts. */
export async function newServiceAccountTexts(keyBits: number): Promise<PairTexts> {
  const keys = await newKeyPair(keyBits);
  return { open: publicPem(keys.publicKey), key: privatePem(keys.privateKey).reveal(), chain: '' };
}

/** What digests in stored plans are keyed with. */
export const newPlanKey = (): StateFile => randomKeyFile(PLAN_KEY);

const randomKeyFile = (name: string): StateFile => secret(name, `${randomBytes(32).toString('base64')}\n`);
