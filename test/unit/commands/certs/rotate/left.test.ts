import { expect, it } from 'vitest';
import { issuedBy } from '../../../../../src/commands/certs/rotate/left.ts';
import { fileRows } from '../../../../../src/commands/certs/rows.ts';
import { leafCertificate } from '../../../../../src/pki/issue-certificate.ts';
import { newKeyPair } from '../../../../../src/pki/keys.ts';
import { newIssuer, plainSpec } from '../../../pki/support.ts';

it('finds what the former has issued, by its key: the name is the same', async () => {
  const now = new Date();
  const [former, next, keys] = await Promise.all([newIssuer(), newIssuer(), newKeyPair(2048)]);
  const row = (file: string, pem: string) => fileRows(pem, { host: 'm1', file, name: null }, now);
  const rows = [
    ...row('ca.crt', next.certificate + former.certificate),
    ...row('old.crt', leafCertificate(plainSpec, keys, former, now)),
    ...row('new.crt', leafCertificate(plainSpec, keys, next, now)),
  ];
  expect(rows).toHaveLength(4);
  expect(issuedBy(rows, former.certificate).map(({ file }) => file)).toEqual(['old.crt']);
});
