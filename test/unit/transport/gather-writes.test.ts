import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { gatherWrites } from '../../../src/transport/gather-writes.ts';

/** A stream, and each piece that has left it. */
function stream(): { stream: Duplex; left: string[] } {
  const left: string[] = [];
  const made = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      left.push(chunk.toString());
      setImmediate(done);
    },
  });
  gatherWrites(made);
  return { stream: made, left };
}

it('sends what is written in one go in one piece, and the rest by itself', async () => {
  const { stream: out, left } = stream();
  for (const part of ['length', ' body', ' tag']) out.write(part);
  expect(left).toEqual([]);
  await turn();
  out.write('next');
  out.write(' packet');
  await expect.poll(() => left).toEqual(['length body tag', 'next packet']);
});

it('sends what was written before the end', async () => {
  const { stream: out, left } = stream();
  out.write('good');
  out.write('bye');
  out.end();
  await expect.poll(() => left).toEqual(['goodbye']);
});

it('keeps the order while the reader is slow, and tells when it is full', async () => {
  const { stream: out, left } = stream();
  const numbers = Array.from({ length: 200 }, (_, index) => `${index} `.padStart(500));
  for (const number of numbers.slice(0, 100)) {
    out.write(number);
    await turn();
  }
  expect(
    numbers
      .slice(100)
      .map((number) => out.write(number))
      .at(-1),
  ).toBe(false);
  await expect.poll(() => left.join('')).toBe(numbers.join(''));
});
