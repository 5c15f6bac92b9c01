import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Output, addressOf, command } from './lab.ts';

export async function openssl(args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await command('openssl', args, { stdin });
  if (code !== 0) throw new Error(`openssl ${args.join(' ')}\n${stderr}`);
  return stdout;
}

/** A certificate signed by one of the company's authorities. */
async function signed(
  ca: (name: string) => string,
  name: string,
  subject: string,
  extensions: string,
  by?: string,
): Promise<void> {
  await openssl(['genrsa', '-out', ca(`${name}.key`), '2048']);
  writeFileSync(
    ca(`${name}.ext`),
    `${extensions}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n`,
  );
  const request = await openssl(['req', '-new', '-key', ca(`${name}.key`), '-subj', subject]);
  const signer =
    by === undefined ? ['-signkey', ca(`${name}.key`)] : ['-CA', ca(`${by}.crt`), '-CAkey', ca(`${by}.key`)];
  const options = [...signer, '-days', '700', '-extfile', ca(`${name}.ext`)];
  writeFileSync(ca(`${name}.crt`), await openssl(['x509', '-req', ...options], request));
}

/** A company's authorities below a folder: its root, one for Kubernetes, and people whom each has vouched for. */
export async function company(folder: string): Promise<void> {
  const ca = (name: string): string => join(folder, name);
  mkdirSync(ca('.'), { mode: 0o700 });
  const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign';
  const person =
    'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth';
  await signed(ca, 'root', '/O=Company/CN=Company Root', authority);
  await signed(ca, 'k8s', '/O=Company/CN=Company Kubernetes', authority, 'root');
  await signed(ca, 'stranger', '/O=system:masters/CN=stranger', person, 'root');
  await signed(ca, 'insider', '/O=system:masters/CN=insider', person, 'k8s');
  await openssl([
    'pkcs8',
    '-topk8',
    '-v2',
    'aes-256-cbc',
    '-in',
    ca('k8s.key'),
    '-out',
    ca('locked.key'),
    '-passout',
    'pass:company secret',
  ]);
  writeFileSync(ca('chain.crt'), readFileSync(ca('k8s.crt'), 'utf8') + readFileSync(ca('root.crt'), 'utf8'));
}

export const stateFiles = (state: string): string[] =>
  readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
/** Those that hold a private key which nobody has sealed. */
export const plainKeys = (state: string): string[] =>
  stateFiles(state)
    .filter((file) => readFileSync(file, 'latin1').includes('PRIVATE KEY'))
    .map((file) => file.slice(state.length + 1))
    .sort();

/** How the API server answers somebody of the company. */
export const apiStatus = async (folder: string, name: string): Promise<string> => {
  const ca = (file: string): string => join(folder, file);
  const url = `https://${addressOf('m1')}:6443/api/v1/nodes`;
  const files = ['--cacert', ca('root.crt'), '--cert', ca(`${name}.crt`), '--key', ca(`${name}.key`)];
  const { stdout } = await command('curl', [
    '-sS',
    '--noproxy',
    '*',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    ...files,
    url,
  ]);
  return stdout;
};

/** What is served verifies from the trusted file alone, by the strict rules. */
export async function verified(port: number, trusted: string): Promise<Output> {
  const options = ['-verify_return_error', '-x509_strict', '-verify_ip', addressOf('m1'), '-CAfile', trusted];
  return command('openssl', ['s_client', '-connect', `${addressOf('m1')}:${port}`, ...options], {
    stdin: '',
  });
}
