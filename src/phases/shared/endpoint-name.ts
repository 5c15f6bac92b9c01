import { isIPv4 } from 'node:net';
import type { Host, Inventory } from '../../inventory/types.ts';
import { quote } from '../../kernel/quote.ts';
import type { Watch } from '../../probe/observe.ts';

export const ENDPOINT_ANSWER = 'endpoint-name';

/** The name by which a node has to find the API server; masters ask their own, and who has a balancer asks that. */
export function endpointName({ apiServer }: Inventory, { roles }: Host): string | undefined {
  if (apiServer.balancer !== 'external' || !roles.includes('worker') || roles.includes('master'))
    return undefined;
  const name = apiServer.endpoint?.replace(/:\d+$/, '');
  return name === undefined || isIPv4(name) ? undefined : name;
}

export function endpointWatch(inventory: Inventory, host: Host): Watch[] {
  const name = endpointName(inventory, host);
  if (name === undefined) return [];
  const script = `if ! command -v getent > /dev/null; then echo unknown
elif timeout 10 getent ahostsv4 ${quote(name)} > /dev/null 2>&1; then echo known
elif [ $? -eq 2 ]; then echo no
else echo unknown; fi`;
  return [{ kind: 'answer', key: ENDPOINT_ANSWER, slow: true, script }];
}
