import { BootstrapError } from '../kernel/errors.ts';

/** More hosts in one entry than any cluster of 1.16 has: a slip of the finger, or malice. */
const MAX_RANGE = 5000;

/**
 * `w[1-3]` → `w1, w2, w3`; `n[08-10]` → `n08, n09, n10`; text without a range → itself, once.
 * @throws E_RANGE for two ranges, a descending one, or more than 5,000 values
 */
export function expandRange(text: string): readonly string[] {
  const match = /^([^[\]]*)\[(\d{1,12})-(\d{1,12})\]([^[\]]*)$/.exec(text);
  if (!match) {
    if (!/[[\]]/.test(text)) return [text];
    // As other tools write it.
    const hyphened = text.replace(/\[(\d+):(\d+)\]/, '[$1-$2]');
    throw new BootstrapError('E_RANGE', `"${text}" is not a range`, {
      hint: hyphened === text ? 'Write one range, like w[1-3].' : `Write ${hyphened}.`,
    });
  }
  const [, before = '', from = '', to = '', after = ''] = match;
  const count = Number(to) - Number(from) + 1;
  if (count < 1) throw new BootstrapError('E_RANGE', `the range in "${text}" goes down`);
  if (count > MAX_RANGE) {
    throw new BootstrapError('E_RANGE', `the range in "${text}" has ${count} values, more than ${MAX_RANGE}`);
  }
  const width = from.startsWith('0') ? from.length : 0;
  return Array.from({ length: count }, (_, index) => {
    return before + String(Number(from) + index).padStart(width, '0') + after;
  });
}
