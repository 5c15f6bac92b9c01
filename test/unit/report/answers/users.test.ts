import { describe, expect, it } from 'vitest';
import {
  issueUserText,
  usersListText,
  usersRevokeText,
  usersWhoamiText,
} from '../../../../src/report/answers/users.ts';
import { samples } from './samples.ts';

describe('a user that was issued', () => {
  const issued = samples['issue-user'];

  it('may have kept its certificate, or have none', () => {
    expect(issueUserText({ ...issued, kept: true })).toMatch(/^Kept the certificate of jane, valid until/);
    expect(issueUserText({ ...issued, expires: null })).not.toContain('certificate');
    expect(issueUserText({ ...issued, token: false })).not.toContain('token');
  });

  it('is handed out unsealed', () => {
    const text = issueUserText({ ...issued, sealed: true });
    expect(text).toContain(
      'its secrets sealed. To hand it out:\n  k8s-bootstrap users kubeconfig jane --out',
    );
    expect(text).not.toContain('kubectl');
  });

  it('is told what it still lacks', () => {
    const text = issueUserText({ ...issued, rights: false, applied: false });
    expect(text).toContain('jane has no rights yet: give some with --role or --cluster-role.\n');
    expect(text).toContain('\nNothing was done on the masters;');
    const partly = issueUserText({ ...issued, applied: false, missed: ['m3'] });
    expect(partly).toContain('\nm3 could not be reached; what is missing there comes with the next "up".');
  });
});

describe('a user that was revoked', () => {
  const revoked = samples['users-revoke'];

  it('is told what could not be done', () => {
    expect(usersRevokeText({ ...revoked, applied: false })).toMatch(/^jane is denied; the next "up" takes/);
    const text = usersRevokeText({ ...revoked, applied: false, missed: ['m2', 'm3'] });
    expect(text).toContain('\nNot reached: m2, m3. A token still opens the API there; run this again');
  });

  it('keeps the certificate that lasts longest, and what its groups have', () => {
    const [first] = revoked.certificates;
    const certificates = [{ ...first!, expires: '2028-05-06T00:00:00.000Z' }, first!];
    expect(usersRevokeText({ ...revoked, certificates })).toContain('it stays valid until 2028-05-06,');
    expect(usersRevokeText({ ...revoked, groups: [] })).not.toContain('groups');
    expect(usersRevokeText({ ...revoked, certificates: [], deleted: null }).split('\n')).toHaveLength(2);
  });
});

it.each([
  [
    { certificate: null, user: null, status: 403 },
    /^server .*\ntoken +yes\nanswer +lets in the holder of the token\n$/,
  ],
  [{ groups: [] }, /^certificate +jane, groups none, until 2027-01-02$/m],
  [{ token: false }, /^server .*\ncertificate .*\nanswer .*\n$/],
  [{ status: 401, rights: false }, /^answer +does not know this identity \(401\)$/m],
  [{ rights: false }, /^answer +knows jane, who may do nothing in namespace default: .*revoked$/m],
  [{ rights: null }, /^answer +knows jane, and does not say what that one may do$/m],
])('whoever has %j is told so', (more, text) => {
  expect(usersWhoamiText({ ...samples['users-whoami'], ...more })).toMatch(text);
});

it('a group in the list is one, and what is not there is a dash', () => {
  const [user] = samples['users-list'].users;
  const group = { ...user!, name: 'ops', kind: 'Group' as const, certificate: null, token: false };
  expect(usersListText({ users: [{ ...group, groups: [], roles: [] }] })).toMatch(
    /\nops \(group\) +inventory +- +- +- +-\n$/,
  );
});
