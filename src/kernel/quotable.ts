/** How much of a host's own words goes into a message. */
const LIMIT = 600;

/**
 * What a host said, as one line for a message: control characters and what turns text around are gone, and of a long
 * text beginning and end are left. A banner comes first, the reason often last.
 */
export function quotable(...outputs: readonly (Buffer | string)[]): string {
  const text = outputs
    .map((output) => output.toString('utf8').trim())
    .filter((output) => output !== '')
    .join(' | ')
    // Colours and the like whole, or their letters would stay.
    // eslint-disable-next-line no-control-regex
    .replaceAll(/\u001B(?:\[[\d;?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?)/g, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .trim();
  if (text.length <= LIMIT) return text;
  return `${text.slice(0, LIMIT / 2).trimEnd()} … ${text.slice(-LIMIT / 2).trimStart()}`;
}
