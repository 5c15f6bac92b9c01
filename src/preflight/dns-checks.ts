import { resolversOf } from '../facts/resolv-conf.ts';
import { dnsOfOthers } from '../phases/dns/in-the-way.ts';
import { isApiHost, isNode } from '../phases/shared/topology.ts';
import { type Check, type Result, type Subject, error, warn } from './check.ts';

/** Whether CoreDNS can do its work, and takes it from nobody. */
export const dnsChecks: readonly Check[] = [
  { id: 'dns', title: 'nobody else answers for names in the cluster', check: others },
  { id: 'resolver', title: 'the servers of names of a host are there for its pods', check: resolver },
];

function others({ world, host, seen }: Subject): Result[] {
  if (world.inventory.dns.provider === 'none' || !isApiHost(world, host)) return [];
  const found = dnsOfOthers(seen);
  if (found.length === 0) return [];
  return error(
    `${found.join(' and ')}: somebody else answers for names in this cluster`,
    'Set dns.provider: none to keep that, or take it away: kubectl -n kube-system delete deployment,service,configmap -l k8s-app=kube-dns. With --ignore-preflight dns ours takes its place.',
  );
}

/** As kubelet counts: https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/kubelet/network/dns/dns.go */
const MOST_SERVERS = 3;

function resolver({ world, host, facts }: Subject): Result[] {
  const { dns, kubelet } = world.inventory;
  const isAsked = dns.provider === 'coredns' && dns.upstream === undefined;
  if (!isAsked || !isNode(host) || Object.hasOwn(kubelet.config, 'resolvConf')) return [];
  const { file, servers } = resolversOf(facts);
  const own = servers.find((server) => /^(?:127\.|::1$)/.test(server));
  if (own !== undefined) {
    return error(
      `${file} names ${own}, which is each pod's own: CoreDNS would ask itself`,
      'Write whom to ask in its stead, as dns: {upstream: [ADDRESS]}.',
    );
  }
  if (servers.length === 0) {
    return error(
      `${file} names no server, and CoreDNS does not start without one`,
      'Write whom to ask for names of the outside, as dns: {upstream: [ADDRESS]}; upstream: [] is nobody.',
    );
  }
  if (servers.length <= MOST_SERVERS) return [];
  return warn(
    `${file} names ${servers.length} servers, and kubelet takes the first ${MOST_SERVERS}`,
    'Pods do not ask the others. dns.upstream names up to 15.',
  );
}
