import { ipvsModulesLack } from '../phases/node/ipvs.ts';
import { isNode } from '../phases/shared/topology.ts';
import { type Check, error } from './check.ts';

/** kube-proxy falls back to iptables without a word where a module is missing. */
export const ipvsCheck: Check = {
  id: 'ipvs',
  title: 'the kernel has what kube-proxy in mode ipvs needs',
  check({ world, host, facts, seen }) {
    if (world.inventory.network.proxyMode !== 'ipvs' || !isNode(host)) return [];
    const missing = ipvsModulesLack(world.inventory, seen);
    if (missing.length === 0) return [];
    return error(
      `its kernel ${facts.kernel} has no ${missing.join(', ')}, which network.proxyMode ipvs needs`,
      'Install the modules of this kernel, or set network.proxyMode: iptables.',
    );
  },
};
