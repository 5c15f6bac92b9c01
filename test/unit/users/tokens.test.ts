import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { isRandom, newToken, parseTokens, tokenText } from '../../../src/users/tokens.ts';

const row = (user: string, groups: string[] = [], token = '792c62a1b5f2b07b') => ({
  token: new Secret(token),
  user,
  groups,
});
const plain = (text: string) =>
  parseTokens(text).map(({ token, user, groups }) => ({ token: token.reveal(), user, groups }));

describe('the token file', () => {
  it('has exactly four columns, the last one in quotes, sorted by user, and nothing else', () => {
    expect(tokenText([row('jane', ['devs', 'ops'], 'bbbbbbbb'), row('admin')])).toBe(
      '792c62a1b5f2b07b,admin,k8s-bootstrap:admin,""\nbbbbbbbb,jane,k8s-bootstrap:jane,"devs,ops"\n',
    );
    expect(tokenText([])).toBe('');
  });

  it.each([
    ['a name', row('a,b')],
    ['a quote', row('a"b')],
    ['a line break', row('a\nb')],
    ['a comma in a group', row('a', ['x,y'])],
    ['a quote in a group', row('a', ['x"y'])],
    ['a comma in a token', row('a', [], 'tok,root,k8s-bootstrap:root,""\n')],
  ])('is not written when it would say something else: %s', (_, bad) => {
    expect(() => tokenText([bad])).toThrow(expect.objectContaining({ code: 'E_TOKEN_ROW' }) as Error);
  });

  it('is read back by RFC 4180; rows of others are passed over', () => {
    const text =
      'x,"smith, bob",u1,"a,b"\r\n\nt1,jane,k8s-bootstrap:jane,"devs"\r\n"t""2","joe",k8s-bootstrap:joe,\n';
    expect(plain(text)).toEqual([
      { token: 't1', user: 'jane', groups: ['devs'] },
      { token: 't"2', user: 'joe', groups: [] },
    ]);
  });

  it.each(['# a comment\n', 'tok,user\n', 'a"b,c,d\n', '"a,b,c\n'])(
    '%j is refused without telling what is in it',
    (text) => {
      expect(() => parseTokens(text)).toThrow(/^row 1 of the token file/);
    },
  );

  it('comes back as it was written, whatever the rows', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@+:-]{0,20}$/);
    const rows = fc.uniqueArray(
      fc.record({ user: word, groups: fc.uniqueArray(word, { maxLength: 4 }), token: word }),
      {
        selector: ({ user }) => user,
      },
    );
    fc.assert(
      fc.property(rows, (given) => {
        const text = tokenText(given.map(({ user, groups, token }) => row(user, groups, token)));
        const byUser = given.toSorted((a, b) => (a.user < b.user ? -1 : 1));
        expect(plain(text)).toEqual(byUser.map(({ token, user, groups }) => ({ token, user, groups })));
      }),
    );
  });
});

describe('a new token', () => {
  it('has 256 random bits in hex and does not print', () => {
    const tokens = Array.from({ length: 50 }, newToken);
    expect(new Set(tokens.map((token) => token.reveal())).size).toBe(50);
    for (const token of tokens) expect(token.reveal()).toMatch(/^[0-9a-f]{64}$/);
    expect(String(tokens[0])).toBe('***');
    expect(isRandom(new Secret('792c62a1b5f2b07b'))).toBe(false);
  });
});
