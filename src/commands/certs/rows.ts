import type { CertificateRow, Served } from '../../answers/certificates.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { type CertificateFacts, readCertificate } from '../../pki/read-certificate.ts';
import { certificatesOf } from '../../pki/trusted.ts';
import type { Observed } from '../../probe/observe.ts';
import { type Endpoint, KUBECONFIGS, NO_OPENSSL, ownMakers, servedKey, sourcesOf } from './sources.ts';

const DAY = 86_400_000;

/** Everything that was seen of one host. */
export function rowsOf(inventory: Inventory, host: Host, seen: Observed, now: Date): CertificateRow[] {
  const files = sourcesOf(inventory, host).flatMap(({ file, name, served }) => {
    const state = seen.file(file);
    const text = state?.type === 'file' ? (state.content?.toString('utf8') ?? '') : '';
    return fileRows(text, { host: host.name, file, name: name ?? null }, now).map((row, index) =>
      served && index === 0
        ? { ...row, served: servedBy(served, seen, { onDisk: certificatesOf(text)[0], now }) }
        : row,
    );
  });
  const made = ownMakers(host).flatMap((endpoint): CertificateRow[] => {
    const pem = answered(endpoint, seen);
    const facts = pem === undefined ? undefined : parsed(pem);
    if (!facts) return [];
    const served = servedBy(endpoint, seen, { onDisk: pem, now });
    return [{ ...rowOf(facts, now), host: host.name, file: null, name: null, served }];
  });
  return [...files, ...embeddedRows(host.name, seen, now), ...made];
}

/** The certificates of one file, in their order; what is none is left out, for `plan` tells of that. */
export const fileRows = (
  text: string,
  place: Pick<CertificateRow, 'host' | 'file' | 'name'>,
  now: Date,
): CertificateRow[] =>
  certificatesOf(text).flatMap((pem) => {
    const facts = parsed(pem);
    return facts ? [{ ...rowOf(facts, now), ...place, served: null }] : [];
  });

function embeddedRows(host: string, seen: Observed, now: Date): CertificateRow[] {
  let file = '';
  return (seen.answer(KUBECONFIGS)?.output ?? '').split('\n').flatMap((line) => {
    if (line.startsWith('== ')) file = line.slice(3);
    if (file === '' || line.startsWith('== ')) return [];
    return fileRows(Buffer.from(line, 'base64').toString('utf8'), { host, file, name: null }, now);
  });
}

const rowOf = (
  facts: CertificateFacts,
  now: Date,
): Omit<CertificateRow, 'host' | 'file' | 'name' | 'served'> => ({
  serial: serialOf(facts),
  subject: [`CN=${facts.commonName}`, ...facts.organizations.map((group) => `O=${group}`)].join(', '),
  issuer: facts.x509.issuer.split('\n').join(', '),
  issuerKeyId: facts.authorityKeyId ?? null,
  sans: [...facts.dnsNames, ...facts.ips],
  authority: facts.x509.ca,
  notAfter: facts.notAfter.toISOString(),
  daysLeft: daysLeft(facts, now),
});

const daysLeft = ({ notAfter }: CertificateFacts, now: Date): number =>
  Math.floor((notAfter.getTime() - now.getTime()) / DAY);

function servedBy(
  endpoint: Endpoint,
  seen: Observed,
  { onDisk, now }: { readonly onDisk: string | undefined; readonly now: Date },
): Served {
  const { address, unit } = endpoint;
  const pem = answered(endpoint, seen);
  const facts = pem === undefined ? undefined : parsed(pem);
  if (!facts) {
    const said = seen.answer(servedKey(endpoint))?.output;
    return {
      address,
      unit,
      state: said === NO_OPENSSL ? NO_OPENSSL : 'no answer',
      serial: null,
      notAfter: null,
      daysLeft: null,
    };
  }
  const same = onDisk !== undefined && parsed(onDisk)?.x509.fingerprint256 === facts.x509.fingerprint256;
  return {
    address,
    unit,
    state: same ? 'same' : 'other',
    serial: serialOf(facts),
    notAfter: facts.notAfter.toISOString(),
    daysLeft: daysLeft(facts, now),
  };
}

const serialOf = ({ x509 }: CertificateFacts): string => x509.serialNumber.toLowerCase();

const answered = (endpoint: Endpoint, seen: Observed): string | undefined =>
  certificatesOf(seen.answer(servedKey(endpoint))?.output ?? '')[0];

function parsed(pem: string): CertificateFacts | undefined {
  try {
    return readCertificate(pem);
  } catch {
    return undefined;
  }
}
