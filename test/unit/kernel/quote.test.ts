import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote, sh } from '../../../src/kernel/quote.ts';
import { shells } from '../../support/shells.ts';

/** What the shell takes a text of words for. */
function words(shell: string, text: string): string[] {
  const result = spawnSync(shell, ['-c', `printf '%s\\0' ${text}`], {
    encoding: 'utf8',
    // With a socket for stdin and no SHLVL, bash believes to be rshd's and reads .bashrc.
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', SHLVL: '1' },
  });
  expect(result.stderr).toBe('');
  return result.stdout.split('\0').slice(0, -1);
}

/** Any text that a shell word can carry, with what shells treat specially in every second. */
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '')),
  fc.string({ unit: fc.constantFrom(...Array.from('\'"\\$`!*?[]{}()<>|&;#~%^= \t\r\n-ab')), maxLength: 30 }),
);

describe.each(shells)('quote, read by $name', ({ path }) => {
  it('gives back any words, each as one', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), (values) => {
        expect(words(path, values.map(quote).join(' '))).toEqual(values);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['nothing', ''],
    ['a home', '~'],
    ['an option', '-n'],
    ['an assignment', 'PATH=/tmp'],
    ['single quotes', "it's '' a 'thing'"],
    ['a substitution', '$(id)`id`${IFS}'],
    ['a history mark', 'wow!!'],
    ['a line end', 'one\ntwo\n'],
    ['a glob', '/etc/*'],
    ['letters beyond ASCII', 'Köln 東京 🚀'],
  ])('gives back %s', (_, value) => {
    expect(words(path, quote(value))).toEqual([value]);
  });
});

describe('quote', () => {
  it('leaves plain words as they are, for whoever reads the script', () => {
    expect(quote('/etc/kubernetes/pki/ca.crt')).toBe('/etc/kubernetes/pki/ca.crt');
    expect(quote('--listen=https://10.0.0.1:2379,x@y_z%+')).toBe('--listen=https://10.0.0.1:2379,x@y_z%+');
  });

  it('refuses what no word can carry', () => {
    expect(() => quote('a\0b')).toThrow(expect.objectContaining({ code: 'E_QUOTE' }));
  });
});

describe('sh', () => {
  it('quotes every interpolation and makes words of lists', () => {
    expect(sh`id -u -- ${"a'b"}; kill -${9} ${['x y', 'z']}`).toBe("id -u -- 'a'\\''b'; kill -9 'x y' z");
  });

  it('gives an empty list no word, and an empty text one', () => {
    expect(sh`rm -- ${[]}`).toBe('rm -- ');
    expect(sh`test -n ${''}`).toBe("test -n ''");
  });

  it('leaves its own text alone', () => {
    expect(sh`for f in "$@"; do echo \${f%/*}; done`).toBe('for f in "$@"; do echo ${f%/*}; done');
  });
});
