import { describe, expect, test } from 'vitest';
import { table } from '../../../src/report/table.ts';
import { byteSize, count, duration, oneLine, padded, truncate } from '../../../src/report/text.ts';

test('table: columns align by what is seen, not by colour codes', () => {
  expect(
    table([
      ['HOST', 'STATE', 'X'],
      ['m1', '\u001b[31mfailed\u001b[39m', 'y'],
      ['ä1', '', ''],
    ]),
  ).toEqual(['HOST  STATE   X', 'm1    \u001b[31mfailed\u001b[39m  y', 'ä1']);
});

describe('oneLine', () => {
  test.each([
    ['\u001b[31m', '\\u001b[31m'],
    ['a\nb\r\n', 'a\\nb\\r\\n'],
    ['\u009b2J', '\\u009b2J'],
    ['abc\u202etxt', 'abc\\u202etxt'],
    ['tab\tstays, ä and 世 too', 'tab\tstays, ä and 世 too'],
  ])('%j → %s', (text, shown) => {
    expect(oneLine(text)).toBe(shown);
  });
});

test.each([
  [40, '0.0 s'],
  [12_345, '12.3 s'],
  [59_960, '1 min 0 s'],
  [125_000, '2 min 5 s'],
])('duration(%i) is %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test.each([
  [999, '999 B'],
  [1500, '1.5 kB'],
  [999_999, '1.0 MB'],
  [104_857_600, '104.9 MB'],
])('byteSize(%i) is %s', (bytes, text) => {
  expect(byteSize(bytes)).toBe(text);
});

test('table: columns align by the cells of a terminal, of which Chinese characters take two', () => {
  expect(
    table([
      ['主机', 'm1', 'x'],
      ['a', '状态：未知', 'y'],
      ['é\u0301', '好', 'z'],
    ]),
  ).toEqual(['主机  m1          x', 'a     状态：未知  y', 'é\u0301     好          z']);
});

test('a text of some width has blanks behind it up to that', () => {
  expect([padded('说明:', 8), padded('why:', 8), padded('来源', 2)]).toEqual([
    '说明:   ',
    'why:    ',
    '来源',
  ]);
});

test('truncate counts cells and marks the cut', () => {
  expect(truncate('abcdef', 6)).toBe('abcdef');
  expect(truncate('abcdefg', 6)).toBe('abcde…');
  expect(truncate('😀😀😀', 3)).toBe('😀…');
  expect(truncate('世界和平', 6)).toBe('世界…');
  expect(truncate('世界和平', 8)).toBe('世界和平');
  expect(truncate('e\u0301e\u0301e\u0301', 3)).toBe('e\u0301e\u0301e\u0301');
  expect(truncate('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
});

test('count knows one from many', () => {
  expect([count(0, 'host'), count(1, 'host'), count(2, 'host')]).toEqual(['0 hosts', '1 host', '2 hosts']);
});
