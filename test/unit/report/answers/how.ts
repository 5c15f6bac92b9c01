import type { How } from '../../../../src/report/answers/how.ts';
import { noPaint } from '../../../../src/report/text.ts';

export const plainly: How = { paint: noPaint, verbose: false, hosts: [] };
export const verbosely: How = { ...plainly, verbose: true };
/** Colours as words: `<red>failed</red>`. */
export const coloured: How = {
  ...plainly,
  paint: (style, text) => `<${style}>${text}</${style}>`,
};
