import { isIPv4 } from 'node:net';
import * as z from 'zod';
import { BY_RELEASE, cidr, port, version, withoutRoot } from './fields.ts';
import { imageName } from './registry-fields.ts';
import type { Dns, Flannel, Host, Profile } from '../types.ts';

/** The ranges of the cluster, and how packets of pods get from node to node. */
export const networkSchema = () =>
  z.strictObject({
    serviceCIDR: cidr()
      .default('10.96.0.0/16')
      .describe('Addresses of Services; nobody else in your network may have them'),
    podCIDR: cidr()
      .default('10.244.0.0/16')
      .describe('Addresses of pods; nobody else in your network may have them'),
    nodePrefix: z.int().min(16).max(28).default(24).describe("Length of each node's part of podCIDR"),
    clusterDomain: z
      .string()
      .regex(/^(?=.{1,254}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.?$/, {
        error: (issue) => `"${String(issue.input)}" is not a domain name`,
      })
      .transform(withoutRoot)
      .default('cluster.local')
      .describe('What names of Services end in'),
    dnsIP: z
      .ipv4({ error: (issue) => `"${String(issue.input)}" is not an IPv4 address` })
      .optional()
      .describe('Default: the 10th address of serviceCIDR'),
    nodePortRange: z
      .string()
      .regex(/^\d{1,5}-\d{1,5}$/, {
        error: (issue) => `"${String(issue.input)}" is not a range like 30000-32767`,
      })
      .default('30000-32767')
      .describe('Ports of every node that Services may take'),
    cni: z
      .enum(['bridge', 'flannel', 'none'])
      .default('bridge')
      .describe('bridge: routes between neighbours; flannel: also across routers; none: your own'),
    cniVersion: version().optional().describe(`Of the plugins; ${BY_RELEASE}`),
    flannel: z
      .strictObject({
        backend: z
          .enum(['vxlan', 'host-gw'])
          .default('vxlan')
          .describe('vxlan: packets within packets; host-gw: routes between neighbours'),
        port: port().default(8472).describe('UDP, of vxlan'),
        version: version().optional().describe(BY_RELEASE),
      })
      .optional()
      .describe('Of cni: flannel'),
    proxyMode: z
      .enum(['iptables', 'ipvs'])
      .default('iptables')
      .describe(
        'How kube-proxy leads to Services; ipvs: faster with thousands of them, by modules of the kernel',
      ),
  });

/** `undefined` where neither is it asked for nor anything said of it. */
export function resolveFlannel(
  { cni, flannel }: z.output<ReturnType<typeof networkSchema>>,
  release: { readonly flannel: { readonly version: string } },
): Flannel | undefined {
  if (cni !== 'flannel' && !flannel) return undefined;
  const { backend = 'vxlan', port: own = 8472, version: written = release.flannel.version } = flannel ?? {};
  return { backend, port: own, version: written };
}

/** A server of names: `192.0.2.53`, or `192.0.2.53:5353`. */
const nameServer = () =>
  z.string().refine(
    (text) => {
      const [, ip = '', given = '53'] = /^([\d.]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
      return isIPv4(ip) && Number(given) >= 1 && Number(given) <= 65_535;
    },
    { error: (issue) => `"${String(issue.input)}" is not an IPv4 address, or one with a port` },
  );

/** Who answers pods that ask for a name. */
export const dnsSchema = () =>
  z.strictObject({
    provider: z
      .enum(['coredns', 'none'])
      .optional()
      .describe('Default: coredns; in profile course none, for its pods have no token'),
    upstream: z
      .array(nameServer())
      .max(15, { error: 'CoreDNS takes at most 15' })
      .optional()
      .describe('Who knows names of the outside: addresses; []: nobody. Default: those of the nodes'),
    replicas: z.int().min(1).max(100).optional().describe('Default: 2, or 1 on a single node'),
    image: imageName().optional().describe(BY_RELEASE),
  });

export const resolveDns = (
  { provider, upstream, replicas, image }: z.output<ReturnType<typeof dnsSchema>>,
  profile: Profile,
  hosts: readonly Host[],
  release: { readonly corednsImage: string },
): Dns => ({
  provider: provider ?? (profile === 'course' ? 'none' : 'coredns'),
  upstream,
  replicas: replicas ?? Math.min(2, hosts.filter(isNode).length),
  image: image ?? release.corednsImage,
});

const isNode = ({ roles }: Host): boolean => roles.includes('master') || roles.includes('worker');
