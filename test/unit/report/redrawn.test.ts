import { expect, it } from 'vitest';
import type { PrintableEvent } from '../../../src/report/printable.ts';
import { redrawing } from '../../../src/report/redrawn.ts';

const look = (watched: unknown): PrintableEvent =>
  ({ type: 'result', answer: 'status', data: { well: true, hosts: [], watched } }) as never;

const screen = (rows: number, columns = 20): ReturnType<typeof redrawing> =>
  redrawing({ write: () => true, isTTY: true, rows, columns } as never);

it('each look takes the place of the one before, however high that was', () => {
  const shown = screen(24);
  expect(shown(look({}), 'one\ntwo\n')).toBe('\u001B[Jone\ntwo\n');
  expect(shown(look({}), `${'x'.repeat(41)}\n`)).toBe(`\u001B[2A\r\u001B[J${'x'.repeat(41)}\n`);
  expect(shown(look({}), 'end\n')).toBe('\u001B[3A\r\u001B[Jend\n');
});

it('what is higher than the terminal ends with how much more there is', () => {
  const shown = screen(4);
  expect(shown(look({}), 'a\nb\nc\nd\ne\n')).toBe('\u001B[Ja\nb\n… 3 more lines\n');
  expect(shown(look({}), 'a\n')).toBe('\u001B[3A\r\u001B[Ja\n');
});

it('into a pipe all of it goes, as it is', () => {
  const piped = redrawing({ write: () => true } as never);
  const all = 'a\n'.repeat(100);
  expect(piped(look({}), all)).toBe(all);
});

it('what was printed between two looks stays', () => {
  const shown = screen(24);
  shown(look({}), 'one\ntwo\n');
  shown({ type: 'note', level: 'info', message: 'stopping' } as never, '');
  expect(shown(look({}), 'one\n')).toBe('\u001B[Jone\n');
});

it('a terminal that says no size is taken for one of the usual', () => {
  expect(screen(0, 0)(look({}), 'a\nb\n')).toBe('\u001B[Ja\nb\n');
});

it('an answer that is given once stays where it is', () => {
  expect(screen(4)(look(null), 'a\nb\nc\nd\ne\n')).toBe('a\nb\nc\nd\ne\n');
});
