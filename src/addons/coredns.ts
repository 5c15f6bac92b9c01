import { createHash } from 'node:crypto';
import { readText } from '../kernel/data.ts';
import { fill } from './fill.ts';
import type { KubeObject } from '../kernel/kube-object.ts';
import { addonObjects } from './objects.ts';

export interface CoreDns {
  readonly clusterDomain: string;
  readonly dnsIP: string;
  readonly image: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent';
  readonly replicas: number;
  /** Who is asked for names of the outside; nobody when empty, those of the node when `undefined`. */
  readonly upstream: readonly string[] | undefined;
  /** When the cluster last went back to a snapshot: pods of before wait for revisions that are gone. */
  readonly restored: string | undefined;
}

/** In the order in which they are made: rights before the pods that need them. */
export function corednsObjects(settings: CoreDns): readonly KubeObject[] {
  const { clusterDomain, dnsIP, image, pullPolicy, replicas, upstream, restored } = settings;
  const corefile = fill(readText('addons/coredns/Corefile'), { clusterDomain, forward: forwarded(upstream) });
  const corefileDigest = createHash('sha256')
    .update(corefile + (restored ?? ''))
    .digest('hex')
    .slice(0, 16);
  return addonObjects('coredns', { corefile, corefileDigest, dnsIP, image, pullPolicy, replicas });
}

/** https://coredns.io/plugins/forward/ */
const forwarded = (upstream: readonly string[] | undefined): string =>
  upstream?.length === 0
    ? '# Nobody knows names of the outside: dns.upstream is empty.'
    : `forward . ${upstream?.join(' ') ?? '/etc/resolv.conf'}`;
