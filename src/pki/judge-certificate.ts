import { publicKeyDigest } from './keys.ts';
import { readAuthority, readCertificate } from './read-certificate.ts';
import type { CertificateFacts } from './read-certificate.ts';
import type { CertificateSpec } from './spec.ts';

export interface JudgeContext {
  /** Key id (hex) of the authority that should have issued it; `undefined` while there is none. */
  readonly caSki: string | undefined;
  readonly now: Date;
  readonly renewBeforeDays: number;
  /** The authority's certificate: with it the signature is verified, and a leaf that ends with its CA is left alone. */
  readonly caPem?: string | undefined;
  /** What follows the certificate in its file, PEM; nothing by default. */
  readonly chain?: string | undefined;
  /** When renewal was asked for: what was issued before that goes, however long it would last. */
  readonly renewalAsked?: Date | undefined;
  /** Digest of the key beside it, as `publicKeyDigest` makes it; with it the pair is compared. */
  readonly keyDigest?: string | undefined;
}

export type Judgement =
  | { readonly fit: true; readonly expires: Date }
  /** `reason` continues a sentence about the certificate: `apiserver.crt: SAN 10.0.0.7 is missing`. */
  | { readonly fit: false; readonly reason: string };

/**
 * Whether an observed certificate can stay. It is issued again only when what it says, who signed it, its key or its
 * remaining life demand that; the order of groups and names doesn't matter. Pure.
 */
export function judgeCertificate(
  pem: string | undefined,
  spec: CertificateSpec,
  context: JudgeContext,
): Judgement {
  if (pem === undefined) return unfit('does not exist');
  const facts = parse(pem);
  if (facts === undefined) return unfit('is not a certificate');
  const reason =
    (pem === facts.x509.toString() + (context.chain ?? '') ? undefined : surroundings(context)) ??
    contentProblem(facts, spec) ??
    originProblem(facts, context) ??
    lifetimeProblem(facts, context) ??
    renewalReason(facts, spec, context);
  return reason === undefined ? { fit: true, expires: facts.notAfter } : unfit(reason);
}

const DAY = 24 * 60 * 60 * 1000;

const unfit = (reason: string): Judgement => ({ fit: false, reason });

function parse(pem: string): CertificateFacts | undefined {
  try {
    return readCertificate(pem);
  } catch {
    return undefined;
  }
}

const surroundings = ({ chain = '' }: JudgeContext): string =>
  chain === '' ? 'holds more than one certificate' : 'is not followed by the chain of its CA';

function contentProblem(facts: CertificateFacts, spec: CertificateSpec): string | undefined {
  if (facts.commonName !== spec.commonName) return `CN is ${facts.commonName}, not ${spec.commonName}`;
  return (
    difference('O', facts.organizations, spec.organizations) ??
    difference('SAN', facts.dnsNames, spec.dnsNames) ??
    difference('SAN', facts.ips, spec.ips) ??
    difference('usage', facts.usages, spec.usages)
  );
}

function difference(what: string, actual: readonly string[], wanted: readonly string[]): string | undefined {
  const missing = wanted.find((value) => !actual.includes(value));
  if (missing !== undefined) return `${what} ${missing} is missing`;
  const extra = actual.find((value) => !wanted.includes(value));
  return extra === undefined ? undefined : `${what} ${extra} is not wanted any more`;
}

function originProblem(
  facts: CertificateFacts,
  { caSki, caPem, keyDigest }: JudgeContext,
): string | undefined {
  if (caSki === undefined || facts.authorityKeyId !== caSki) return 'issued by another CA';
  if (caPem !== undefined && !facts.x509.verify(readAuthority(caPem).x509.publicKey)) {
    return 'its signature is not valid';
  }
  if (keyDigest !== undefined && keyDigest !== publicKeyDigest(facts.x509.publicKey)) {
    return 'does not belong to its key';
  }
  return undefined;
}

function lifetimeProblem(facts: CertificateFacts, context: JudgeContext): string | undefined {
  const { now, renewBeforeDays, caPem } = context;
  if (facts.notBefore > now) return `not valid before ${facts.notBefore.toISOString()}`;
  const left = facts.notAfter.getTime() - now.getTime();
  if (left <= 0) return `expired on ${facts.notAfter.toISOString().slice(0, 10)}`;
  // A certificate cut to its authority's life, or one shorter than the margin, would be issued again by every run.
  if (caPem !== undefined && facts.notAfter >= readAuthority(caPem).notAfter) return undefined;
  const life = facts.notAfter.getTime() - facts.notBefore.getTime();
  if (left >= Math.min(renewBeforeDays * DAY, life / 3)) return undefined;
  const days = Math.floor(left / DAY);
  return days === 0 ? 'expires within a day' : `expires in ${days} ${days === 1 ? 'day' : 'days'}`;
}

/** Certificates know whole seconds only, and start a little before they are made. */
function renewalReason(
  { notBefore }: CertificateFacts,
  { backdateMinutes }: CertificateSpec,
  { renewalAsked }: JudgeContext,
): string | undefined {
  if (renewalAsked === undefined) return undefined;
  const issued = Math.floor(notBefore.getTime() / 1000) + backdateMinutes * 60;
  return issued < Math.floor(renewalAsked.getTime() / 1000) ? 'renewal was asked for' : undefined;
}
