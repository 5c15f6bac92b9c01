import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../../src/kernel/secret.ts';
import type { GivenAuthority } from '../../../src/pki/given-authority.ts';
import { openssl, temporaryFolder } from './support.ts';

/** How OpenSSL is to make an authority; what is not said is as it should be. */
export interface AuthorityOptions {
  /** Arguments of `openssl genpkey`. */
  readonly key?: readonly string[];
  /** Lines of `basicConstraints`, `keyUsage`, … */
  readonly extensions?: readonly string[];
  readonly days?: number;
  readonly digest?: string;
  readonly rootExtensions?: readonly string[];
}

export interface MadeAuthority extends GivenAuthority {
  readonly folder: string;
  readonly root: string;
  readonly certificate: string;
}

const RSA = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
/** Made in no time. */
const ELLIPTIC = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const GOOD = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
const IDS = ['subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid'];

/** A root, and below it the authority that is given, with both in its file. */
export function intermediate(
  {
    key = RSA,
    extensions = GOOD,
    days = 365,
    digest = 'sha256',
    rootExtensions = GOOD,
  }: AuthorityOptions = {},
  folder = temporaryFolder(),
): MadeAuthority {
  const path = (name: string): string => join(folder, name);
  const file = (name: string, lines: readonly string[]): string => {
    writeFileSync(path(name), `${lines.join('\n')}\n`);
    return path(name);
  };
  // There is no elliptic signature with MD5.
  openssl(['genpkey', ...(digest === 'md5' ? RSA : ELLIPTIC), '-out', path('root.key')]);
  openssl(['genpkey', ...key, '-out', path('ca.key')]);
  const request = (name: string, subject: string): string =>
    openssl(['req', '-utf8', '-new', '-key', path(name), '-subj', subject]);
  const sign = (csr: string, ...options: string[]): string =>
    openssl(['x509', '-req', '-days', '900', ...options], csr);
  const root = sign(
    request('root.key', '/O=Example/CN=Root'),
    '-signkey',
    path('root.key'),
    '-extfile',
    file('root.ext', [...rootExtensions, 'subjectKeyIdentifier=hash']),
  );
  writeFileSync(path('root.crt'), root);
  const certificate = sign(
    request('ca.key', '/O=Example/CN=Züri'),
    ...['-CA', path('root.crt'), '-CAkey', path('root.key'), '-days', String(days), `-${digest}`],
    ...['-extfile', file('ca.ext', [...extensions, ...IDS])],
  );
  writeFileSync(path('ca.crt'), certificate + root);
  return { folder, root, certificate, cert: path('ca.crt'), key: path('ca.key'), passphrase: undefined };
}

/** The same authority, its key encrypted with "correct horse". */
export function encrypted(made: MadeAuthority, args: readonly string[]): GivenAuthority {
  const key = join(made.folder, 'encrypted.key');
  openssl([...args, '-in', made.key, '-out', key, '-passout', 'pass:correct horse']);
  return { cert: made.cert, key, passphrase: new Secret('correct horse') };
}
