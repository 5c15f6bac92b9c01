import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';
import { HOSTS, addressOf } from './lab.ts';

/** A client that writes without a pause, to whichever API server takes it. */
export interface Writer {
  /** Ends it: which of what was acknowledged the cluster still has not, and how many there were. */
  lost(): Promise<{ readonly acknowledged: number; readonly lost: readonly string[] }>;
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/**
 * Writes a ConfigMap after the other, for ten minutes at most, as the administrator of a state folder.
 * A write counts when it was answered with 201; one whose answer was cut off may or may not be there.
 */
export function writeAllTheTime(state: string): Writer {
  const ask = client(state);
  const acknowledged: string[] = [];
  const stop = new AbortController();
  const label = `writer-${String(process.pid)}-${String(Date.now())}`;
  const done = (async () => {
    const end = Date.now() + 600_000;
    for (let n = 0; !stop.signal.aborted && Date.now() < end; n += 1) {
      const name = `${label}-${String(n)}`;
      const body = { metadata: { name, labels: { writer: label } } };
      const answer = await ask(HOSTS[n % HOSTS.length]!, 'POST', CONFIG_MAPS, JSON.stringify(body));
      if (answer.status === 201) acknowledged.push(name);
      else await sleep(100);
    }
  })();
  return {
    async lost() {
      stop.abort();
      await done;
      const { text } = await ask('m1', 'GET', `${CONFIG_MAPS}?labelSelector=writer%3D${label}`);
      const { items } = JSON.parse(text) as { items: { metadata: { name: string } }[] };
      const there = new Set(items.map(({ metadata }) => metadata.name));
      return { acknowledged: acknowledged.length, lost: acknowledged.filter((name) => !there.has(name)) };
    },
  };
}

type Ask = (
  host: (typeof HOSTS)[number],
  method: string,
  path: string,
  body?: string,
) => Promise<{ status: number; text: string }>;

function client(state: string): Ask {
  const { users, clusters } = load(readFileSync(join(state, 'kubeconfig/admin.conf'), 'utf8')) as {
    readonly users: readonly [{ user: Record<string, string> }];
    readonly clusters: readonly [{ cluster: Record<string, string> }];
  };
  const pem = (text = ''): Buffer => Buffer.from(text, 'base64');
  const agent = new Agent({
    keepAlive: true,
    ca: pem(clusters[0].cluster['certificate-authority-data']),
    cert: pem(users[0].user['client-certificate-data']),
    key: pem(users[0].user['client-key-data']),
  });
  return (host, method, path, body) =>
    new Promise((resolve) => {
      const none = (): void => {
        resolve({ status: 0, text: '' });
      };
      const sent = request(
        { host: addressOf(host), port: 6443, path, method, agent, timeout: 5000 },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => (text += chunk));
          answer.on('end', () => {
            resolve({ status: answer.statusCode ?? 0, text });
          });
          answer.on('error', none);
        },
      );
      sent.on('timeout', () => sent.destroy());
      sent.on('error', none);
      if (body !== undefined) sent.setHeader('content-type', 'application/json');
      sent.end(body);
    });
}
