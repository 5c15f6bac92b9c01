import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Observed, Watch } from '../../../src/probe/observe.ts';
import { parseProbe } from '../../../src/probe/probe.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

// Enough of them that what the engine itself has not yet let go does not matter.
const HOSTS = 80;
const BALLAST = 1_000_000;
const DIGEST = createHash('sha256').update('abc').digest('hex');
const watches: Watch[] = [
  { kind: 'file', key: '/a', read: 'content' },
  { kind: 'file', key: '/l', read: 'hash' },
  { kind: 'package', key: 'p' },
  { kind: 'answer', key: 'q', script: 'q' },
];

/** Little of it was asked for: most is noise, in every part. */
function answer(): Buffer {
  const stat = (size: number, kind: string, path: string): string =>
    `stat 644 root root ${size} 1:1:1:1:1 ${kind}|${path}|'${path}'\n`;
  const files = `${stat(3, 'regular file', '/a')}sum /a|${DIGEST}\n${stat(9, 'symbolic link', '/l')}link /l|/a/place/far/away\n`;
  const noise = 'x'.repeat(BALLAST);
  return Buffer.from(
    [
      `\nn begin packages\nhave p 1.0.0-0.x86_64.el7\nhave ${noise} 1\n`,
      `\nn begin quick.0\nsaid\ncode 0`,
      `\nn begin files\n${files}${noise}\ncontents /a\nabc`,
      `\nn begin other\n${noise}\n`,
      '\nn complete\n',
    ].join(''),
  );
}

const used = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

it('does not keep what a host said, but what was asked', async () => {
  const before = used();
  const seen: Observed[] = [];
  for (let host = 0; host < HOSTS; host += 1) seen.push(parseProbe(watches, 'n', answer()));
  // What a collection leaves of buffers is freed a moment later.
  await expect.poll(() => used() - before, { timeout: 10_000 }).toBeLessThan((HOSTS * BALLAST) / 2);
  for (const one of seen) {
    expect(one.file('/a')).toMatchObject({ sha256: DIGEST, content: Buffer.from('abc') });
    expect(one.file('/l')).toEqual({ type: 'link', target: '/a/place/far/away' });
    expect(one.package('p')).toBe('1.0.0-0.x86_64.el7');
    expect(one.answer('q')).toEqual({ code: 0, output: 'said' });
  }
});
