import { quote } from '../../kernel/quote.ts';
import type { HttpAnswer, Watch } from '../observe.ts';

type EndpointWatch = Extract<Watch, { kind: 'endpoint' }>;

/**
 * One curl for all, in the background. They are on loopback and hold nothing secret; certificates there are made by the
 * components themselves at their start, so they are not checked.
 */
export function background(watches: readonly EndpointWatch[]): [string, string][] {
  if (watches.length === 0) return [];
  const urls = watches.map(({ key }) => quote(key)).join(' ');
  return [['endpoints', `curl -ksS --max-time 2 --noproxy '*' -w "\\n$N status %{http_code}\\n" ${urls}`]];
}

export function parse(
  watches: readonly EndpointWatch[],
  frame: (name: string) => Buffer,
  nonce: string,
): Map<string, HttpAnswer> {
  const answers = httpAnswers(frame('endpoints'), nonce);
  return new Map(
    watches.map(({ key }, index) => {
      const { status = 0, text } = answers[index] ?? {};
      return [key, { status, text: text?.toString('utf8') ?? '' }];
    }),
  );
}

/** What one curl printed for several addresses, in their order; status 0 where nothing answered. */
export function httpAnswers(
  output: Buffer,
  nonce: string,
): { readonly status: number; readonly text: Buffer }[] {
  const mark = Buffer.from(`\n${nonce} status `);
  const found = [];
  let from = 0;
  for (let end = output.indexOf(mark); end >= 0; end = output.indexOf(mark, from)) {
    const [, digits = ''] =
      /^(\d*)\n?/.exec(output.toString('latin1', end + mark.length, end + mark.length + 8)) ?? [];
    found.push({ status: Number(digits), text: output.subarray(from, end) });
    from = end + mark.length + digits.length + 1;
  }
  return found;
}
