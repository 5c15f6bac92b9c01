import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.ts';
import type { Observed } from '../../src/probe/observe.ts';
import type { Change } from '../../src/resources/resource.ts';
import { servesOthers, tokenFacts, tokenFile, tokenWatches } from '../../src/resources/token-file.ts';
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

const see = (host: RootedHost): Promise<Observed> => look(host.session(), tokenWatches(PATH));

/** What a run does with the file: looks, changes it if it must, and looks again. */
async function converge(
  host: RootedHost,
  rows: string | undefined,
  wanted = true,
): Promise<{ change: Change; stderr: string; code: number }> {
  const resource = tokenFile({ path: PATH, rows, wanted });
  const seen = await see(host);
  const change = resource.diff(seen, new Map());
  if (change.kind === 'none') return { change, stderr: '', code: 0 };
  const { code, stderr } = await runSteps(host.session(), await resource.steps(change, seen));
  return { change, stderr, code };
}

const again = async (host: RootedHost, rows: string, wanted = true): Promise<string> =>
  tokenFile({ path: PATH, rows, wanted }).diff(await see(host), new Map()).kind;

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
    expect(servesOthers(PATH, await see(host))).toBe(true);
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
    const change = tokenFile({ path: PATH, rows: undefined, wanted: true }).diff(await see(host), new Map());
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
    expect(tokenFacts(seen)).toEqual({ own: ['jane'], others: ['joe', '?'] });
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
