import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../src/inventory/document.ts';

const parse = (text: string) => parseDocument(Buffer.from(text), 'f.yaml');

describe('parseDocument', () => {
  const text =
    'name: demo # a comment\nhosts:\n  - name: "m1"\n    labels: {a: 1, "b c": 0644}\n  -\n    name: w1\nempty:\n';
  const document = parse(text);

  it('gives the same data as the YAML library', () => {
    expect(document.value).toEqual(load(text));
  });

  it.each([
    [['name'], [1, 1], [1, 7]],
    [['hosts'], [2, 1], [3, 3]],
    [
      ['hosts', 0],
      [3, 5],
      [3, 5],
    ],
    [
      ['hosts', 0, 'name'],
      [3, 5],
      [3, 11],
    ],
    [
      ['hosts', 0, 'labels', 'b c'],
      [4, 20],
      [4, 27],
    ],
    [
      ['hosts', 1, 'name'],
      [6, 5],
      [6, 11],
    ],
    [['empty'], [7, 1], [7, 1]],
    [
      ['hosts', 1, 'address'],
      [6, 5],
      [6, 5],
    ],
    [['nowhere'], [1, 1], [1, 1]],
  ] as const)('places %j', (path, [keyLine, keyColumn], [line, column]) => {
    expect(document.keyAt(path)).toEqual({ line: keyLine, column: keyColumn });
    expect(document.valueAt(path)).toEqual({ line, column });
  });

  it('keeps numbers as they were written', () => {
    expect(document.textAt(['hosts', 0, 'labels', 'b c'])).toBe('0644');
    expect(document.isWritten(['hosts', 0, 'labels', 'x'])).toBe(false);
  });

  it('takes a byte order mark and CRLF', () => {
    const { value, valueAt } = parse('\ufeffname: demo\r\nconcurrency: 3\r\n');
    expect(value).toEqual({ name: 'demo', concurrency: 3 });
    expect(valueAt(['concurrency'])).toEqual({ line: 2, column: 14 });
  });

  it.each([
    ['more than 1 MiB', Buffer.from(`a: ${'x'.repeat(1024 * 1024)}`)],
    ['not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff])],
    ['must be text', Buffer.from('? [a]\n: b\n')],
    ['aliases', Buffer.from('a: &x b\n*x : c\n')],
    ['exceeded', Buffer.from('['.repeat(5000))],
  ])('refuses: %s', (message, bytes) => {
    expect(() => parseDocument(bytes, 'f.yaml')).toThrow(
      expect.objectContaining({
        code: 'E_YAML',
        exitCode: 2,
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
