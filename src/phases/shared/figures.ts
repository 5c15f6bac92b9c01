import type { Host } from '../../inventory/types.ts';
import { SECTIONS } from '../../inventory/sections.ts';
import { own } from '../../kernel/mapping.ts';
import { ports } from '../../kernel/host-paths.ts';
import type { World } from '../phase.ts';

/** Components that tell their figures to their own host alone, unless the inventory has it otherwise. */
export type Reserved = 'etcd' | 'kube-controller-manager' | 'kube-scheduler';

/** Where each does so; the role of its hosts, and its port. */
export const FIGURES = {
  etcd: { role: 'etcd', port: ports.etcdMetrics },
  'kube-controller-manager': { role: 'master', port: ports.controllerManager },
  'kube-scheduler': { role: 'master', port: ports.scheduler },
} as const satisfies Readonly<
  Record<Reserved, { readonly role: Host['roles'][number]; readonly port: number }>
>;

/** Whether a component tells its figures to others, at the address of its host. */
export function tellsOthers(world: Pick<World, 'inventory'>, host: Host, component: Reserved): boolean {
  if (!host.roles.includes(FIGURES[component].role)) return false;
  const everywhere = ['0.0.0.0', '::', host.ip];
  if (component === 'etcd') {
    const urls = given(world, host, component, 'listen-metrics-urls')?.split(',') ?? [];
    return everywhere.some((address) => urls.includes(`http://${address}:${FIGURES.etcd.port}`));
  }
  const address = given(world, host, component, 'bind-address');
  // Without the flag it listens everywhere.
  return address !== undefined && everywhere.includes(address ?? '0.0.0.0');
}

/** What the inventory has for a flag; `null` where it takes it away. */
function given(
  { inventory }: Pick<World, 'inventory'>,
  host: Host,
  component: Reserved,
  flag: string,
): string | null | undefined {
  const onHost = own(host.extraArgs[component] ?? {}, flag);
  return onHost === undefined ? own(inventory[SECTIONS[component]].extraArgs, flag) : onHost;
}
