/** How much of a host's own words goes into a message. */
const LIMIT = 600;

/**
 * What a host said, as one line for a message: control characters and what turns text around are gone, and of a long
 * text beginning and end are left. A banner comes first, the reason often last.
 */
export function quotable(...outputs: readonly (Buffer | string)[]): string {
  const said = outputs
    .map((output) => output.toString('utf8').trim())
    .filter((output) => output !== '')
    .join(' | ');
  // Of megabytes nothing between is read.
  const text = ends(said, 100 * LIMIT, ' ')
    // Colours and the like whole, or their letters would stay.
    // eslint-disable-next-line no-control-regex
    .replaceAll(/\u001B(?:\[[\d;?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?)/g, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .trim();
  return ends(text, LIMIT, ' ');
}

/** How much of a line, and of all lines, anybody reads. */
const LINE = 1000;
const LINES = 128 * 1024;

/**
 * What a host said, in its own lines; of those that are too long, and of too many, beginning and end are left. Whoever
 * looks for patterns in it takes a time that grows with the square of a line.
 */
export const readable = (said: string): string =>
  ends(said, LINES, '\n')
    .split('\n')
    .map((line) => ends(line, LINE, ' '))
    .join('\n');

const ends = (text: string, limit: number, apart: string): string =>
  text.length <= limit
    ? text
    : `${text.slice(0, limit / 2).trimEnd()}${apart}…${apart}${text.slice(-limit / 2).trimStart()}`;
