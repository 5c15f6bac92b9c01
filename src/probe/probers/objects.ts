import { quote } from '../../kernel/quote.ts';
import type { Piecewise } from '../../kernel/breather.ts';
import { readJson } from '../json-list.ts';
import type { ApiAnswer, Watch } from '../observe.ts';
import { httpAnswers } from './endpoints.ts';

type ObjectWatch = Extract<Watch, { kind: 'object' }>;

const PKI = '/etc/kubernetes/pki';

/** Bytes that are kept of an answer that is no object. */
const WORDS = 4096;

/**
 * One curl for all paths over one connection, in the background. 3 s for each of them, as curl counts, and 8 s for all:
 * an API server that waits for etcd accepts connections and says nothing, and one on a slow machine needs a second for
 * each list. The host's own API server is asked, with the operator's identity that every master holds. What runs in the
 * background is one simple command, or the shell would make another of itself for it.
 */
export function background(watches: readonly ObjectWatch[]): [string, string][] {
  if (watches.length === 0) return [];
  const urls = watches.map((watch) => `"$S"${quote(watch.key)}`).join(' ');
  const script = `
S=
[ ! -f /etc/kubernetes/admin.conf ] || while read -r k v; do [ "$k" != server: ] || S=$v; done < /etc/kubernetes/admin.conf
set -- :
[ -z "$S" ] || set -- timeout 8 curl -sS --max-time 3 --noproxy '*' --cacert ${PKI}/ca.crt --cert ${PKI}/admin.crt --key ${PKI}/admin.key -w "\\n$N status %{http_code}\\n" ${urls}
"$@"`;
  return [['objects', script.trim()]];
}

export function* parse(
  watches: readonly ObjectWatch[],
  frame: (name: string) => Buffer,
  nonce: string,
): Piecewise<Map<string, ApiAnswer>> {
  const answers = httpAnswers(frame('objects'), nonce);
  yield;
  const found = new Map<string, ApiAnswer>();
  for (const [index, { key }] of watches.entries()) {
    const { status, text } = answers[index] ?? { status: 0, text: Buffer.alloc(0) };
    const body = yield* readJson(text, withoutBallast);
    // What is no object is words, as of a health check that fails.
    found.set(key, { status, body: body ?? (status === 200 ? undefined : text.toString('utf8', 0, WORDS)) });
  }
  return found;
}

/** What is ever looked at of the state of an object in a list. */
const LOOKED_AT = ['conditions', 'containerStatuses', 'readyReplicas'];

/** The images of thousands of nodes alone would fill the memory. */
function withoutBallast(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || !('status' in item)) return item;
  const kept = Object.entries(item.status ?? {}).filter(([field]) => LOOKED_AT.includes(field));
  return { ...item, status: Object.fromEntries(kept) };
}
