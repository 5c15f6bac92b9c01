import { expect, it } from 'vitest';
import { type Piecewise, atOnce, inTurns } from '../../../src/kernel/breather.ts';

/** By default each piece takes longer than anybody may without letting others have their turn. */
function* work(name: string, told: string[], milliseconds = 12): Piecewise<string> {
  for (let piece = 0; piece < 3; piece += 1) {
    for (const end = performance.now() + milliseconds; performance.now() < end;);
    told.push(name);
    yield;
  }
  return name;
}

/** Does several works at once; what was told in the meantime, `|` by others whenever they had their turn. */
async function atTheSameTime(names: readonly string[], milliseconds?: number): Promise<string> {
  const told: string[] = [];
  let ticking = true;
  const tick = (): void => {
    told.push('|');
    if (ticking) setImmediate(tick);
  };
  await new Promise(setImmediate);
  const done = names.map((name) => inTurns(work(name, told, milliseconds)));
  tick();
  expect(await Promise.all(done)).toEqual(names);
  ticking = false;
  return told.join('');
}

it('lets others have their turn between any two pieces, whoever they are of', async () => {
  const told = await atTheSameTime(['a', 'b', 'c']);
  expect(told.slice(told.indexOf('|'))).not.toMatch(/\w\w/);
});

it('counts all that is done at the same time as one work', async () => {
  expect(await atTheSameTime(['a', 'b', 'c', 'd'], 6)).not.toMatch(/\w\w\w/);
});

it('does the same in one go', () => {
  const told: string[] = [];
  expect(atOnce(work('a', told))).toBe('a');
  expect(told).toEqual(['a', 'a', 'a']);
});
