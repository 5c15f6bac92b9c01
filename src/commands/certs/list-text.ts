import { count } from '../../report/text.ts';
import { table } from '../../report/table.ts';
import { type CertificateRow, endOf } from './rows.ts';
import { WARN_DAYS } from '../../pki/spec.ts';

export interface ListTextOptions {
  readonly now: Date;
  /** What the rows were chosen by: they end before that. */
  readonly end: Date | undefined;
  /** All names of each. */
  readonly verbose: boolean;
}

/** One line a certificate, then what asks for something to be done. Ends in a line break. */
export function listText(rows: readonly CertificateRow[], { now, end, verbose }: ListTextOptions): string {
  const problems = problemsOf(rows, now);
  const found = count(rows.length, 'certificate');
  return [
    ...table([
      ['HOST', 'FILE', 'SUBJECT', 'ISSUER', 'NAMES', 'EXPIRES', 'SERVED'],
      ...rows.map((row) => cells(row, verbose)),
    ]),
    '',
    ...problems,
    end
      ? `${found} with an end before ${end.toISOString().slice(0, 16)}Z.`
      : `${found}${problems.length === 0 ? '; none needs anything' : ''}.`,
    '',
  ].join('\n');
}

/** What is served although another one lies there, and what ends soon, as sentences. */
export const problemsOf = (rows: readonly CertificateRow[], now: Date): string[] => [
  ...rows.flatMap(({ host, file, served }) =>
    served?.state === 'other' && file !== null
      ? [
          `${host ?? HERE}: ${served.address} serves another certificate than ${file}: restart ${served.unit}, or run "k8s-bootstrap up"`,
        ]
      : [],
  ),
  ...rows.flatMap((row) => {
    const days = Math.floor((endOf(row).getTime() - now.getTime()) / DAY);
    if (days >= WARN_DAYS) return [];
    const what = `${row.host ?? HERE}: ${row.file ?? row.served?.address ?? ''}`;
    const when = days < 0 ? `expired on ${endOf(row).toISOString()}` : `expires in ${count(days, 'day')}`;
    return [`${what} ${when}${remedy(row)}`];
  }),
];

const DAY = 86_400_000;
const HERE = 'here';

function remedy({ name, host, authority, served, file }: CertificateRow): string {
  if (authority) return ': another authority has to take over';
  if (name !== null && host !== null) return `: k8s-bootstrap certs renew --only ${name} --host ${host}`;
  return file === null && served ? `: restart ${served.unit}` : '';
}

function cells(row: CertificateRow, verbose: boolean): string[] {
  const { host, file, subject, issuer, sans, notAfter, daysLeft, served } = row;
  const shown = verbose ? sans : sans.slice(0, 2);
  const more = sans.length - shown.length;
  return [
    host ?? HERE,
    file ?? '(in memory)',
    subject,
    issuer,
    [...shown, ...(more > 0 ? [`+${more}`] : [])].join(',') || '-',
    `${notAfter.slice(0, 10)} (${count(daysLeft, 'day')})`,
    served ? `${served.address} ${served.state}` : '-',
  ];
}
