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

it('lets others have their turn between any two pieces, whoever they are of', async () => {
  const told: string[] = [];
  let ticking = true;
  const tick = (): void => {
    told.push('others');
    if (ticking) setImmediate(tick);
  };
  await new Promise(setImmediate);
  const done = ['a', 'b', 'c'].map((name) => inTurns(work(name, told)));
  tick();
  expect(await Promise.all(done)).toEqual(['a', 'b', 'c']);
  ticking = false;
  const later = told.slice(told.indexOf('others'));
  expect(later.filter((name, index) => name !== 'others' && later[index - 1] !== 'others')).toEqual([]);
});

it('counts all that is done at the same time as one work', async () => {
  const told: string[] = [];
  let ticking = true;
  const tick = (): void => {
    told.push('|');
    if (ticking) setImmediate(tick);
  };
  await new Promise(setImmediate);
  const done = ['a', 'b', 'c', 'd'].map((name) => inTurns(work(name, told, 6)));
  tick();
  await Promise.all(done);
  ticking = false;
  const between = told.join('').split('|');
  expect(Math.max(...between.map(({ length }) => length))).toBeLessThanOrEqual(2);
});

it('does the same in one go', () => {
  const told: string[] = [];
  expect(atOnce(work('a', told))).toBe('a');
  expect(told).toEqual(['a', 'a', 'a']);
});
