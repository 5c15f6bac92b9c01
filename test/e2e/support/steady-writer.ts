import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';
import { addressOf } from './lab.ts';
import { kubeconfigFile } from './product.ts';

/** A client that writes ten times a second, with the administrator's kubeconfig as it is at that moment. */
export interface SteadyWriter {
  /** Ends it. The longest time, in seconds, between two writes that were taken; how many were, and what the others were told. */
  end(): Promise<{ readonly longest: number; readonly written: number; readonly refused: readonly string[] }>;
}

const EVERY_MS = 100;
const PATH = '/api/v1/namespaces/default/configmaps';

export function writeSteadily(): SteadyWriter {
  const stop = new AbortController();
  const label = `steady-${String(process.pid)}-${String(Date.now())}`;
  const refused = new Set<string>();
  let [longest, written, last] = [0, 0, performance.now()];
  const pending = new Set<Promise<void>>();
  const write = async (n: number): Promise<void> => {
    const body = { metadata: { name: `${label}-${String(n)}`, labels: { writer: 'steady' } } };
    const said = await post(JSON.stringify(body));
    if (said !== '201') return void refused.add(said);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    written += 1;
  };
  const done = (async () => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const one = write(n).finally(() => pending.delete(one));
      pending.add(one);
      await sleep(EVERY_MS);
    }
    await Promise.all(pending);
  })();
  return {
    async end() {
      stop.abort();
      await done;
      longest = Math.max(longest, performance.now() - last);
      return { longest: longest / 1000, written, refused: [...refused] };
    },
  };
}

interface Access {
  readonly users: readonly [{ user: Record<string, string> }];
  readonly clusters: readonly [{ cluster: Record<string, string> }];
}

/** The status, or why there is none. */
function post(body: string): Promise<string> {
  const { users, clusters } = load(readFileSync(kubeconfigFile, 'utf8')) as Access;
  const pem = (text = ''): Buffer => Buffer.from(text, 'base64');
  return new Promise((resolve) => {
    const sent = request(
      {
        ...{ host: addressOf('m1'), port: 6443, path: PATH, method: 'POST', agent: false, timeout: 5000 },
        headers: { 'content-type': 'application/json' },
        ca: pem(clusters[0].cluster['certificate-authority-data']),
        cert: pem(users[0].user['client-certificate-data']),
        key: pem(users[0].user['client-key-data']),
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => {
          resolve(String(answer.statusCode));
        });
        answer.on('error', (error) => {
          resolve(error.message);
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in 5 s')));
    sent.on('error', (error) => {
      resolve(error.message);
    });
    sent.end(body);
  });
}
