import { type CertificateList, type CertificateRow, endOf } from '../../answers/certificates.ts';
import { table } from '../table.ts';
import { count } from '../text.ts';
import type { How } from './how.ts';

/** One line a certificate, with `verbose` who issued it and all its names; then what asks for something to be done. */
export function certsListText(list: CertificateList, { paint, verbose }: How): string {
  const { certificates, endBefore } = list;
  const problems = problemsOf(list);
  const found = count(certificates.length, 'certificate');
  if (certificates.length === 0 && problems.length === 0) {
    return endBefore === null
      ? 'No certificate was found.\n'
      : `No certificate ends before ${endBefore.slice(0, 16)}Z.\n`;
  }
  return [
    ...table([
      ['HOST', 'FILE', 'SUBJECT', ...(verbose ? ['ISSUER', 'NAMES'] : []), 'EXPIRES', 'SERVED'],
      ...certificates.map((row) => cells(row, verbose)),
    ]),
    '',
    ...problems.map((problem) => paint('yellow', problem)),
    endBefore === null
      ? `${found}${problems.length === 0 ? '; none needs anything' : ''}.`
      : `${found} with an end before ${endBefore.slice(0, 16)}Z.`,
    '',
  ].join('\n');
}

/** What is served although another one lies there, and what ends soon, as sentences. */
const problemsOf = ({ certificates, warnDays }: CertificateList): string[] => [
  ...certificates.flatMap(({ host, file, served }) =>
    served?.state === 'other' && file !== null
      ? [
          `${host ?? HERE}: ${served.address} serves another certificate than ${file}: restart ${served.unit}, or run "k8s-bootstrap up"`,
        ]
      : [],
  ),
  ...certificates.flatMap((row) => {
    const { daysLeft, notAfter } = endOf(row);
    if (daysLeft >= warnDays) return [];
    const what = `${row.host ?? HERE}: ${row.file ?? row.served?.address ?? ''}`;
    const when = daysLeft < 0 ? `expired on ${notAfter}` : `expires in ${count(daysLeft, 'day')}`;
    return [`${what} ${when}${remedy(row)}`];
  }),
];

const HERE = 'here';

function remedy({ name, host, authority, served, file }: CertificateRow): string {
  if (authority) return ': another authority has to take over';
  if (name !== null && host !== null) return `: k8s-bootstrap certs renew --only ${name} --host ${host}`;
  return file === null && served ? `: restart ${served.unit}` : '';
}

function cells(row: CertificateRow, verbose: boolean): string[] {
  const { host, file, subject, issuer, sans, notAfter, daysLeft, served } = row;
  return [
    host ?? HERE,
    file ?? '(in memory)',
    subject,
    ...(verbose ? [issuer, sans.join(',') || '-'] : []),
    `${notAfter.slice(0, 10)} (${count(daysLeft, 'day')})`,
    served ? `${served.address} ${served.state}` : '-',
  ];
}
