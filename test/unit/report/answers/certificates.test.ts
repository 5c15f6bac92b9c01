import { describe, expect, it } from 'vitest';
import { type CertificateRow, endOf } from '../../../../src/answers/certificates.ts';
import { certsListText } from '../../../../src/report/answers/certs-list.ts';
import { coloured, plainly } from './how.ts';
import { samples } from './samples.ts';

const [one] = samples['certs-list'].certificates as [CertificateRow];
const served = one.served!;
const sooner = { notAfter: '2026-12-03T12:00:00.000Z', daysLeft: 10 };

const list = (...certificates: CertificateRow[]) => ({ certificates, endBefore: null, warnDays: 30 });
const problems = (...rows: CertificateRow[]): string[] =>
  certsListText(list(...rows), plainly)
    .split('\n')
    .slice(rows.length + 2, -2);

describe('the end of a certificate', () => {
  it('is that of the one which is served, when that is sooner', () => {
    expect(endOf({ ...one, served: { ...served, ...sooner } })).toEqual(sooner);
    expect(endOf({ ...one, ...sooner })).toEqual(sooner);
    expect(endOf({ ...one, served: { ...served, notAfter: null, daysLeft: null } }).daysLeft).toBe(100);
  });

  it('is warned of below the days given, with what to do', () => {
    expect(problems({ ...one, daysLeft: 30, served: null })).toEqual([]);
    expect(problems({ ...one, daysLeft: 29, served: null })).toEqual([
      `m1: ${one.file} expires in 29 days: k8s-bootstrap certs renew --only apiserver --host m1`,
    ]);
    expect(problems({ ...one, daysLeft: -1, served: null })[0]).toContain(
      'expired on 2027-03-03T12:00:00.000Z',
    );
    expect(problems({ ...one, daysLeft: 10, authority: true, served: null })).toEqual([
      `m1: ${one.file} expires in 10 days: another authority has to take over`,
    ]);
    expect(problems({ ...one, file: null, name: null, served: { ...served, ...sooner } })).toEqual([
      'm1: 192.0.2.11:6443 expires in 10 days: restart kube-apiserver.service',
    ]);
    expect(problems({ ...one, host: null, name: null, daysLeft: 1, served: null })).toEqual([
      `here: ${one.file} expires in 1 day`,
    ]);
  });

  it('of another one than on disk names what to restart', () => {
    expect(problems({ ...one, served: { ...served, state: 'other' } })).toEqual([
      `m1: 192.0.2.11:6443 serves another certificate than ${one.file}: restart kube-apiserver.service, or run "k8s-bootstrap up"`,
    ]);
  });
});

it('a choice by end says by which, and no more', () => {
  const chosen = { ...list(one), endBefore: '2028-01-01T00:00:00.000Z' };
  expect(certsListText(chosen, plainly)).toMatch(
    /\n\n1 certificate with an end before 2028-01-01T00:00Z\.\n$/,
  );
});

it('what asks for something is in colour', () => {
  const text = certsListText(list({ ...one, daysLeft: 29 }), coloured);
  expect(text).toMatch(/\n<yellow>m1: .* expires in 29 days.*<\/yellow>\n1 certificate\.\n$/);
});

it.each([
  [null, 'No certificate was found.\n'],
  ['2027-01-02T03:04:05.000Z', 'No certificate ends before 2027-01-02T03:04Z.\n'],
])('where none is found before %s, a sentence says so', (endBefore, says) => {
  expect(certsListText({ certificates: [], endBefore, warnDays: 30 }, plainly)).toBe(says);
});
