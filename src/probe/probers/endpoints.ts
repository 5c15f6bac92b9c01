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
  const answers = httpAnswers(frame('endpoints').toString('utf8'), nonce);
  return new Map(watches.map(({ key }, index) => [key, answers[index] ?? { status: 0, text: '' }]));
}

/** What one curl printed for several addresses, in their order; status 0 where nothing answered. */
export function httpAnswers(output: string, nonce: string): HttpAnswer[] {
  const parts = output.split(new RegExp(`\\n${nonce} status (\\d+)\\n?`));
  return Array.from({ length: Math.floor(parts.length / 2) }, (_, index) => ({
    status: Number(parts[2 * index + 1]),
    text: parts[2 * index] ?? '',
  }));
}
