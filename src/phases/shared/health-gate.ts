import type { Host } from '../../inventory/types.ts';
import type { ComponentName } from '../../kernel/components.ts';
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
    timeoutSeconds: 60,
    units: [`${name}.service`],
  };
}

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
