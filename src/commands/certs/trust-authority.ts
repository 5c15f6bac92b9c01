import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stateFolderOf } from '../../cluster/connect.ts';
import { type Environment, readInventory } from '../../cluster/read-inventory.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { readCertificate } from '../../pki/read-certificate.ts';
import type { CaId } from '../../pki/spec.ts';
import { openPkiStore } from '../../pki/open-pki-store.ts';
import { certificatesOf, whyNoAuthority } from '../../pki/trusted.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Emit } from '../../run/events.ts';
import { caNamed } from './ca-named.ts';

export interface TrustAuthorityOptions {
  readonly file: string;
  readonly env: Environment;
  readonly emit: Emit;
  readonly secrets: Set<Secret>;
  /** Which authority of the cluster the others stand beside. */
  readonly authority: string;
  /** File with the certificate of one or more authorities, PEM. */
  readonly certificates: string;
  /** Trust them no more. */
  readonly remove: boolean;
}

/**
 * Changes in the state folder which authorities the hosts are to trust beside the issuing one; the next `up` brings it
 * to them. See docs/decisions/021-ca-rotation.md.
 * @throws E_CA_TRUST, E_CA_MISSING; what opening the state folder throws
 */
export async function trustAuthority(options: TrustAuthorityOptions): Promise<number> {
  const { inventory } = await readInventory(options.file, options.env, options.secrets);
  const stateFolder = stateFolderOf(inventory);
  const id = caNamed(options.authority, 'E_CA_TRUST');
  const pki = openPkiStore(stateFolder, { keyBits: inventory.pki.keyBits });
  await pki.load();
  if (pki.caPem(id) === undefined) {
    throw new BootstrapError('E_CA_MISSING', `there is no authority "${id}" in ${stateFolder}`, {
      hint: 'It is made by "k8s-bootstrap up".',
    });
  }
  if (pki.rotation(id)) {
    throw refusal(`the authority "${id}" is on the way of handing over to another`, {
      hint: `k8s-bootstrap certs rotate-ca ${id} goes on with that.`,
    });
  }
  const path = resolve(options.certificates);
  const given = await read(path);
  const issuing = certificatesOf(pki.caPem(id) ?? '').slice(0, 1);
  // One that has become the issuing one needs no second mention.
  const before = without(pki.trusted(id), issuing);
  const after = options.remove
    ? without(before, given)
    : [...before, ...without(given, [...issuing, ...before])];
  if (options.remove && after.length === before.length) throw notTrusted(path);
  if (!options.remove) {
    refuseExpired(given, path);
    warnOfServers(options, id, given);
  }
  if (after.join('') !== pki.trusted(id).join('')) await pki.keepTrusted(id, after);
  const kept = [...issuing, ...after].map((pem) => readCertificate(pem));
  options.emit({
    type: 'result',
    answer: 'certs-trust',
    data: {
      authority: id,
      trusted: kept.map(({ commonName, notAfter, x509 }) => ({
        commonName,
        notAfter: notAfter.toISOString(),
        fingerprint: x509.fingerprint256,
      })),
    },
  });
  return ExitCode.ok;
}

async function read(path: string): Promise<readonly string[]> {
  const hint = 'It has to hold the certificate of an authority, as PEM.';
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw refusal(`${path} cannot be read`, { hint, cause });
  }
  const found = certificatesOf(text);
  if (found.length === 0) throw refusal(`${path} holds no certificate`, { hint });
  const problem = found.map(whyNoAuthority).find((one) => one !== undefined);
  if (problem !== undefined) throw refusal(`${path} holds a certificate that ${problem}`, { hint });
  return found;
}

function refuseExpired(given: readonly string[], path: string): void {
  const over = given.map((pem) => readCertificate(pem)).find(({ notAfter }) => notAfter <= new Date());
  if (!over) return;
  throw refusal(`${path} expired on ${over.notAfter.toISOString().slice(0, 10)}`, {
    hint: 'Nothing that it has signed is valid any more.',
  });
}

function without(all: readonly string[], some: readonly string[]): readonly string[] {
  const goes = new Set(some.map(fingerprint));
  return all.filter((pem) => !goes.has(fingerprint(pem)));
}

const notTrusted = (path: string): BootstrapError =>
  refusal(`${path} is not among the authorities that are trusted beside the issuing one`, {
    hint: 'The issuing one itself is replaced, not removed: see docs/decisions/021-ca-rotation.md.',
  });

/** The users' authority comes to users in their `ca.crt`, and without that limit it could vouch for a server there. */
function warnOfServers({ emit }: TrustAuthorityOptions, id: CaId, given: readonly string[]): void {
  for (const facts of id === 'users' ? given.map((pem) => readCertificate(pem)) : []) {
    if (facts.usages.length > 0 && !facts.usages.includes('server')) continue;
    emit({
      type: 'note',
      level: 'warn',
      message: `${facts.commonName} is not limited to client certificates: whoever has its key can also pass for the API server to users`,
    });
  }
}

const fingerprint = (pem: string): string => readCertificate(pem).x509.fingerprint256;

const refusal = (message: string, details: { hint: string; cause?: unknown }): BootstrapError =>
  new BootstrapError('E_CA_TRUST', message, { ...details, exitCode: ExitCode.usage });
