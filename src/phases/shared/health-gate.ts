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
      return status === 0 ? 'no answer' : `HTTP ${status} ${text.split('\n').at(-1) ?? ''}`.trim();
    },
    timeoutSeconds: 60,
    units: [`${name}.service`],
  };
}
