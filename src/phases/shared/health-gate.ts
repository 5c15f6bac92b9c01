import type { Host } from '../../inventory/types.ts';
import type { ComponentName } from '../../kernel/components.ts';
import { sh } from '../../kernel/quote.ts';
import type { Gate } from '../../plan/stage.ts';

/** The component's own /healthz on loopback; its certificate there is made at start, so it is not checked. */
export function healthGate(host: Host, name: ComponentName, url: string): Gate {
  return {
    title: `${name} is healthy`,
    at: host.name,
    watches: [{ kind: 'endpoint', key: url }],
    judge: (seen) => {
      const { status, text } = seen.endpoint(url) ?? { status: 0, text: '' };
      if (status === 200) return undefined;
      return status === 0 ? 'no answer' : `HTTP ${status} ${whatFailed(text)}`.trim();
    },
    condition: answersOk(url),
    timeoutSeconds: 60,
    units: [`${name}.service`],
  };
}

/** Whether an API server answers at an address; what it says to nobody in particular is its own affair. */
export const reachesApi = (host: Host, title: string, url: string, units: readonly string[]): Gate => ({
  title,
  at: host.name,
  watches: [{ kind: 'endpoint', key: url }],
  judge(seen) {
    const { status } = seen.endpoint(url) ?? { status: 0 };
    if ([200, 401, 403].includes(status)) return undefined;
    return status === 0 ? 'no answer' : `HTTP ${status}`;
  },
  condition: `${statusOf(url)} | grep -Eqx '200|401|403'`,
  timeoutSeconds: 60,
  units,
});

/** A command that asks an address on the host itself, and prints what it says. */
export const askedHere = (url: string): string => sh`curl -ksS --max-time 2 --noproxy '*' ${url}`;

/** Prints the HTTP status alone. */
export const statusOf = (url: string): string => `${askedHere(url)} -o /dev/null -w '%{http_code}'`;

/** Ends well when an address answers 200. */
export const answersOk = (url: string): string => `[ "$(${statusOf(url)})" = 200 ]`;

/**
 * What a component says of its health: the checks that failed, where it names them as `[-]etcd failed: reason withheld`
 * (staging/src/k8s.io/apiserver/pkg/server/healthz), or else its first words. The last line names none.
 */
export function whatFailed(text: string): string {
  const lines = text.split('\n');
  const failed = lines.flatMap((line) => /^\[-\]([\w./-]{1,100}) failed/.exec(line)?.[1] ?? []);
  if (failed.length > 0) return failed.join(', ');
  return lines.find((line) => line.trim() !== '')?.slice(0, 200) ?? '';
}
