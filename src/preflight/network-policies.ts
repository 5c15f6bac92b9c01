import { NETWORK_POLICIES } from '../resources/cluster/kube-api.ts';
import { withRole } from '../phases/shared/topology.ts';
import { type Check, warn } from './check.ts';

/** NAMESPACE/NAME, as the API server itself allows them; anybody with rights in a namespace chooses them. */
const PLAIN = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/;

/** Policies that the API server takes and no pod network of ours enforces. */
export const networkPoliciesCheck: Check = {
  id: 'network-policies',
  title: 'network policies do what they say',
  check({ world, host }) {
    if (world.inventory.network.cni === 'none') return [];
    const answers = (name: string): boolean => world.seen(name)?.object(NETWORK_POLICIES)?.status === 200;
    const first = withRole(world, 'master').find(({ name }) => answers(name));
    if (first?.name !== host.name) return [];
    const names = namesIn(world.seen(host.name)?.object(NETWORK_POLICIES)?.body);
    if (names.length === 0) return [];
    return warn(
      `NetworkPolicy ${names.join(', ')} does nothing: the pod network "${world.inventory.network.cni}" enforces none`,
      'Pods reach each other as without it. For policies, take network.cni: none and install a network that has them.',
    );
  },
};

function namesIn(body: unknown): readonly string[] {
  const { items } = (body ?? {}) as { readonly items?: unknown };
  const list: readonly unknown[] = Array.isArray(items) ? items : [];
  return list.flatMap((item) => {
    const { metadata } = (item ?? {}) as { readonly metadata?: Readonly<Record<string, unknown>> };
    const { namespace, name } = metadata ?? {};
    const full = typeof namespace === 'string' && typeof name === 'string' ? `${namespace}/${name}` : '';
    return PLAIN.test(full) ? [full] : [];
  });
}
