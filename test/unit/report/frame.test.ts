import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frame } from '../../../src/report/frame.ts';
import type { Look, Picture, Row, RowState } from '../../../src/report/frame.ts';
import { noPaint } from '../../../src/report/text.ts';

const look = (columns: number, rows: number): Look => ({
  columns,
  rows,
  paint: noPaint,
  icons: { busy: '*', settled: '+', failed: 'x', waiting: '.', download: 'v' },
});

const row = (name: string, state: RowState, text = '', progress?: Row['progress']): Row => ({
  name,
  state,
  text,
  ...(progress && { progress }),
});

const picture = (changes: Partial<Picture>): Picture => ({
  title: 'etcd',
  milliseconds: 65_900,
  hosts: [],
  downloads: [],
  ...changes,
});

describe('a phase at work', () => {
  test('has a clock, a line for each host, and bars', () => {
    const hosts = [
      row('m1', 'busy', 'write /usr/local/bin/etcd', { bytes: 4_000_000, total: 16_000_000 }),
      row('worker-1', 'settled', 'ready after 1.9 s'),
      row('w2', 'failed', 'E_STEP it did not start'),
      row('w3', 'waiting'),
    ];
    const downloads = [row('etcd v3.3.15', 'busy', '', { bytes: 8_750_000, total: 25_000_000 })];
    expect(frame(picture({ hosts, downloads }), look(90, 24))).toEqual([
      '* etcd  1 min 5 s',
      '  * m1        write /usr/local/bin/etcd  [#####---------------]  25 %  4.0 MB of 16.0 MB',
      '  + worker-1  ready after 1.9 s',
      '  x w2        E_STEP it did not start',
      '  . w3',
      '  v etcd v3.3.15  [#######-------------]  35 %  8.8 MB of 25.0 MB',
    ]);
  });

  test('shortens a bar before it cuts a text', () => {
    const at = (columns: number): string | undefined =>
      frame(
        picture({ hosts: [row('m1', 'busy', 'write it', { bytes: 1, total: 4 })] }),
        look(columns, 24),
      )[1];
    expect(at(60)).toBe('  * m1  write it  [#####---------------]  25 %  1 B of 4 B');
    expect(at(50)).toBe('  * m1  write it  [#####---------------]  25 %');
    expect(at(30)).toBe('  * m1  write it  25 %');
    expect(at(12)).toBe('  * m1  wr…');
  });

  test('of more hosts than lines shows those that fail or work, in their order, and counts the others', () => {
    const states: RowState[] = [
      'settled',
      'settled',
      'waiting',
      'busy',
      'settled',
      'failed',
      'waiting',
      'busy',
    ];
    const hosts = states.map((state, index) => row(`w${index}`, state));
    expect(frame(picture({ hosts }), look(80, 7))).toEqual([
      '* etcd  1 min 5 s',
      '  . w2',
      '  * w3',
      '  x w5',
      '  * w7',
      '  … and 4 more (1 waiting, 3 ready)',
    ]);
  });

  test('a size that nobody knows is no bar', () => {
    const [, line] = frame(
      picture({ downloads: [row('x', 'busy', '', { bytes: 1500, total: 0 })] }),
      look(80, 24),
    );
    expect(line).toBe('  v x  1.5 kB');
  });

  test('fits any terminal', () => {
    const rows = fc.array(
      fc.record({
        name: fc.string({ maxLength: 40 }),
        state: fc.constantFrom<RowState>('waiting', 'busy', 'settled', 'failed'),
        text: fc.string({ maxLength: 120 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        rows,
        rows,
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 2, max: 60 }),
        (hosts, downloads, columns, height) => {
          const lines = frame(picture({ hosts, downloads }), look(columns, height));
          expect(lines.length).toBeLessThan(height);
          for (const line of lines) expect(Array.from(line).length).toBeLessThan(columns);
        },
      ),
    );
  });
});
