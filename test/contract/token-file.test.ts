import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.ts';
import type { Observed } from '../../src/probe/observe.ts';
import type { Change, Resource } from '../../src/resources/resource.ts';
import { servesOthers, tokenFacts, tokenFile } from '../../src/resources/token-file.ts';
import { tokenText } from '../../src/users/tokens.ts';
import { look, runSteps } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const PATH = '/etc/kubernetes/pki/tokens.csv';
const hex = (digit: string): string => digit.repeat(64);
const rowsOf = (...users: string[]): string =>
  tokenText(
    users.map((user, index) => ({
      token: new Secret(hex(String(index + 1))),
      user,
      groups: ['devs', 'ops'],
    })),
  );

const ALL = ['admin', 'jane', 'mike'];
const nameOf = (row: string): string => row.split(',')[1] ?? '';
/** Of `rows` are all who are in them; `goes` are those who are known besides. */
const fileOf = (
  rows: string | undefined,
  wanted = true,
  goes: (name: string) => boolean = (name) => ALL.includes(name),
): Resource =>
  tokenFile({
    path: PATH,
    rows,
    users: (rows ?? '').split('\n').filter(Boolean).map(nameOf),
    goes,
    wanted,
  });

const see = (host: RootedHost, resource = fileOf('')): Promise<Observed> =>
  look(host.session(), resource.watches);

/** What a run does with the file: looks, changes it if it must, and looks again. */
async function converge(
  host: RootedHost,
  rows: string | undefined,
  wanted = true,
  resource = fileOf(rows, wanted),
): Promise<{ change: Change; stderr: string; code: number }> {
  const seen = await see(host, resource);
  const change = resource.diff(seen, new Map());
  if (change.kind === 'none') return { change, stderr: '', code: 0 };
  const { code, stderr } = await runSteps(host.session(), await resource.steps(change, seen));
  return { change, stderr, code };
}

const again = async (
  host: RootedHost,
  rows: string,
  wanted = true,
  resource = fileOf(rows, wanted),
): Promise<string> => resource.diff(await see(host, resource), new Map()).kind;

describe.each(shells)('the token file on a host with $name', (shell) => {
  it('is written once, and then left alone', async () => {
    const host = rootedHost(shell);
    host.write('/etc/kubernetes/pki/x', '');
    const rows = rowsOf('admin', 'jane');
    expect((await converge(host, rows)).change).toEqual({ kind: 'create', summary: 'secret, 2 rows' });
    expect(host.read(PATH)).toBe(rows);
    expect([host.modeOf(PATH), host.ownerOf(PATH)]).toEqual(['0600', 'root:root']);
    expect(await again(host, rows)).toBe('none');
  });

  it('keeps the rows of others byte by byte, and adds its own behind them', async () => {
    const host = rootedHost(shell);
    const theirs = '  odd , "smith, bob" ,u1,"a,b"\r\n\nt2,zoé,u2\nlast,joe,u3,""';
    host.write(PATH, theirs, 0o644);
    const { change } = await converge(host, rowsOf('jane'));
    expect(change).toEqual({ kind: 'update', summary: 'secret, 1 row; mode 0644 → 0600; 3 of others kept' });
    expect(host.read(PATH)).toBe(`${theirs}\n${rowsOf('jane')}`);
    expect(await again(host, rowsOf('jane'))).toBe('none');
    await converge(host, rowsOf('jane', 'mike'));
    expect(host.read(PATH)).toBe(`${theirs}\n${rowsOf('jane', 'mike')}`);
    expect(servesOthers(PATH, await see(host), () => false)).toBe(true);
  });

  it('puts back a row of its own that somebody changed, and drops a second one with its token', async () => {
    const host = rootedHost(shell);
    const rows = rowsOf('jane');
    host.write(
      PATH,
      `${rows.replace('devs,ops', 'system:masters')}${hex('1')},mallory,u9,"x"\nother,joe,u3,""\n`,
      0o600,
    );
    expect((await converge(host, rows)).change.kind).toBe('update');
    expect(host.read(PATH)).toBe(`other,joe,u3,""\n${rows}`);
    host.write(PATH, `other,joe,u3,""\n${rows}"${hex('1')}",mallory,u9,"x"\n`, 0o600);
    expect(await again(host, rows)).toBe('update');
    await converge(host, rows);
    expect(host.read(PATH)).toBe(`other,joe,u3,""\n${rows}`);
  });

  it('says that a token is still to be made', async () => {
    const host = rootedHost(shell);
    const change = fileOf(undefined).diff(await see(host), new Map());
    expect(change).toEqual({ kind: 'create', summary: 'secret, made when applied' });
  });

  it('goes with its last row, but not with rows of others', async () => {
    const host = rootedHost(shell);
    host.write('/etc/kubernetes/pki/x', '');
    expect((await converge(host, '', false)).change.kind).toBe('none');
    await converge(host, rowsOf('jane'));
    expect((await converge(host, '', false)).change).toEqual({ kind: 'delete', summary: 'secret, 0 rows' });
    expect(host.read(PATH)).toBeUndefined();
    expect(host.read('/var/lib/k8s-bootstrap/manifest') ?? '').not.toContain(PATH);
    host.write(PATH, `${rowsOf('jane')}other,joe,u3,""\n`, 0o600);
    await converge(host, '', false);
    expect(host.read(PATH)).toBe('other,joe,u3,""\n');
    expect(await again(host, '', false)).toBe('none');
  });

  it.each([
    ['a comment', '# tokens\n', 'row 1'],
    ['two columns', 'ok,joe,u3,""\ntok,user\n', 'row 2'],
    ['a bare quote', 'tok"x,joe,u3,""\n', 'row 1'],
  ])('is left alone when kube-apiserver would not start with it: %s', async (_, text, says) => {
    const host = rootedHost(shell);
    host.write(PATH, text, 0o600);
    const { code, stderr } = await converge(host, rowsOf('jane'));
    expect(code).not.toBe(0);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('tok"');
    expect(host.read(PATH)).toBe(text);
    expect(host.list('/').filter((path) => path.includes('.k8s-bootstrap.'))).toEqual([]);
  });

  it('never shows a token or its digest to the controller', async () => {
    const host = rootedHost(shell);
    host.write(PATH, `topsecret,joe,u3,""\n"a,b",c,d\n${rowsOf('jane')}`, 0o600);
    const seen = await see(host);
    expect(seen.answer('tokens')?.output).not.toMatch(/topsecret|1{8}/);
    expect(tokenFacts(seen)).toEqual({ own: ['jane'], others: ['joe', '?'], spoiled: 0 });
  });

  it('keeps the rows of users whom the folder does not know, says whose, and takes them when it prunes', async () => {
    const host = rootedHost(shell);
    const eve = `${hex('e')},eve,k8s-bootstrap:eve,"ops"`;
    const bob = `"${hex('b')}",bob,k8s-bootstrap:bob,""`;
    host.write(PATH, `${eve}\nother,joe,u3,""\n${bob}\n`, 0o600);
    const rows = rowsOf('jane');
    const { change } = await converge(host, rows);
    expect(change).toEqual({
      kind: 'update',
      summary:
        'secret, 1 row; 1 of others kept; keeps 2 rows of users that this state folder does not know: bob, eve',
    });
    expect(host.read(PATH)).toBe(`${eve}\nother,joe,u3,""\n${bob}\n${rows}`);
    expect(await again(host, rows)).toBe('none');
    expect(servesOthers(PATH, await see(host), (name) => name === 'eve')).toBe(true);
    const none = fileOf('', false);
    expect(
      await again(
        host,
        '',
        false,
        fileOf('', false, () => false),
      ),
    ).toBe('none');
    expect(none.diff(await see(host, none), new Map()).kind).toBe('update');
    const known = fileOf(rows, true, (name) => name === 'eve');
    expect((await converge(host, rows, true, known)).code).toBe(0);
    expect(host.read(PATH)).toBe(`other,joe,u3,""\n${bob}\n${rows}`);
    expect(await again(host, rows, true, known)).toBe('none');
    const pruning = fileOf(rows, true, () => true);
    expect((await converge(host, rows, true, pruning)).code).toBe(0);
    expect(host.read(PATH)).toBe(`other,joe,u3,""\n${rows}`);
  });

  it('takes a row that begins as ours do and has not the form', async () => {
    const host = rootedHost(shell);
    const rows = rowsOf('jane');
    host.write(
      PATH,
      `t,admin,k8s-bootstrap:eve,"system:masters"\n"a,b",eve,k8s-bootstrap:eve\n${rows}`,
      0o600,
    );
    expect(tokenFacts(await see(host))).toEqual({ own: ['jane'], others: ['?'], spoiled: 1 });
    expect((await converge(host, rows)).change.kind).toBe('update');
    expect(host.read(PATH)).not.toContain('admin');
    expect(await again(host, rows)).toBe('none');
  });

  it('holds every row of others and each of ours once, whatever is in it', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9 ._@+:-]{1,12}$/);
    const quoted = word.map((text) => `"${text}"`);
    const line = fc
      .tuple(fc.oneof(word, quoted), word, word, fc.constantFrom('', ',"a"', ',"a,b"'))
      .map(([a, b, c, d]) => `${a},${b},${c}${d}`);
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (theirs) => {
        const host = rootedHost(shell);
        const rows = rowsOf('jane', 'mike');
        const text = theirs.map((one) => `${one}\n`).join('');
        host.write(PATH, text, 0o600);
        await converge(host, rows);
        expect(host.read(PATH)).toBe(text + rows);
      }),
      { numRuns: 8 },
    );
  });
});
