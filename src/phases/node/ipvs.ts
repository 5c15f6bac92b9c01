import type { HostFacts } from '../../facts/facts.ts';
import type { Inventory } from '../../inventory/types.ts';
import { ports } from '../../kernel/host-paths.ts';
import { isMapping } from '../../kernel/mapping.ts';
import { quote } from '../../kernel/quote.ts';
import type { Gate } from '../../plan/stage.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { askedHere } from '../shared/health-gate.ts';

/** Without each of them kube-proxy 1.16 takes iptables: https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/util/ipvs/ipvs.go */
const REQUIRED = ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh'];

/** Of the inventory, beside those that are always asked for: `lc` is in ip_vs_lc. */
function schedulerOf({ kubeProxy }: Inventory): string | undefined {
  const { ipvs } = kubeProxy.config;
  const scheduler = isMapping(ipvs) ? ipvs['scheduler'] : undefined;
  return typeof scheduler === 'string' && scheduler !== '' ? scheduler : undefined;
}

const modulesOf = (inventory: Inventory): string[] => {
  const scheduler = schedulerOf(inventory);
  return [...new Set([...REQUIRED, ...(scheduler === undefined ? [] : [`ip_vs_${scheduler}`])])];
};

/**
 * Modules that a node loads for mode ipvs. Tracking of IPv4 was a module of its own before Linux 4.19; the 4.18 of
 * EL 8 has that change already.
 */
export const ipvsModules = (inventory: Inventory, { kernel }: HostFacts): string[] => {
  if (inventory.network.proxyMode !== 'ipvs') return [];
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const old = major < 4 || (major === 4 && minor < 18);
  return [...modulesOf(inventory), ...(old ? ['nf_conntrack_ipv4'] : [])];
};

const QUESTION = 'ipvs-modules';

/** Asks which modules could not be loaded; nothing is loaded for that. */
export const ipvsWatches = (inventory: Inventory): Watch[] => {
  if (inventory.network.proxyMode !== 'ipvs') return [];
  const names = modulesOf(inventory).map(quote).join(' ');
  const script = `for m in ${names}; do [ -d "/sys/module/$m" ] || modprobe -n -q -- "$m" || echo "$m"; done`;
  return [{ kind: 'answer', key: QUESTION, script }];
};

/** Modules that a host's kernel does not have, by the names that were asked for. */
export function ipvsModulesLack(inventory: Inventory, seen: Observed): string[] {
  const told = new Set(seen.answer(QUESTION)?.output.split('\n'));
  return modulesOf(inventory).filter((name) => told.has(name));
}

const MODE = `http://127.0.0.1:${ports.kubeProxyMetrics}/proxyMode`;

/** What kube-proxy really does it says here; that it is well it says also where it has fallen back. */
export const proxyModeGate = (host: string): Gate => ({
  title: 'kube-proxy works by ipvs',
  at: host,
  watches: [{ kind: 'endpoint', key: MODE }],
  judge(seen) {
    const { status, text } = seen.endpoint(MODE) ?? { status: 0, text: '' };
    if (status !== 200) return status === 0 ? 'no answer' : `HTTP ${status}`;
    return text.trim() === 'ipvs' ? undefined : 'it has fallen back to iptables';
  },
  condition: `[ "$(${askedHere(MODE)})" = ipvs ]`,
  timeoutSeconds: 30,
  units: ['kube-proxy.service'],
});
