import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { caCertificate } from '../../../src/pki/issue-certificate.ts';
import type { Issuer } from '../../../src/pki/issue-certificate.ts';
import { newKeyPair } from '../../../src/pki/keys.ts';
import type { KeyPair } from '../../../src/pki/keys.ts';
import { caSpec } from '../../../src/pki/profiles.ts';
import type { SubjectContext } from '../../../src/pki/profiles.ts';
import type { CaId, CertificateSpec } from '../../../src/pki/spec.ts';

export const subject: SubjectContext = {
  node: { name: 'm1', ips: ['10.0.0.11', '192.168.5.11'] },
  masters: { names: ['m1', 'm2', 'm3'], ips: ['10.0.0.11', '10.0.0.12', '10.0.0.13'] },
  serviceIp: '10.96.0.1',
  clusterDomain: 'cluster.local',
  endpoint: 'api.example.com',
  extraSans: ['203.0.113.9', 'K8S.Example.com'],
};

/** A spec with nothing special about it. */
export const plainSpec: CertificateSpec = {
  id: 'etcd-server',
  ca: 'etcd',
  commonName: 'm1',
  organizations: [],
  usages: ['server', 'client'],
  dnsNames: ['m1', 'localhost'],
  ips: ['10.0.0.11', '127.0.0.1'],
  days: 100,
  backdateMinutes: 5,
};

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pki-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export async function newIssuer(id: CaId = 'etcd', now = new Date()): Promise<Issuer & { keys: KeyPair }> {
  const keys = await newKeyPair(2048);
  return { certificate: caCertificate(caSpec(id), keys, now), key: keys.privateKey, keys };
}

export const openssl = (args: readonly string[], input = ''): string =>
  execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

export const certificateText = (pem: string): string => openssl(['x509', '-noout', '-text'], pem);

/** What `openssl verify -x509_strict` says: `OK` or its error line. */
export function opensslVerify(
  ca: string,
  certificate: string,
  purpose: 'sslserver' | 'sslclient' | 'any',
): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'ca.pem'), ca);
  writeFileSync(join(folder, 'leaf.pem'), certificate);
  const options = ['-x509_strict', '-check_ss_sig', '-purpose', purpose, '-CAfile', join(folder, 'ca.pem')];
  const result = spawnSync('openssl', ['verify', ...options, join(folder, 'leaf.pem')], { encoding: 'utf8' });
  return result.status === 0 ? 'OK' : (/error \d+[^\n]*/.exec(result.stderr)?.[0] ?? result.stderr);
}
