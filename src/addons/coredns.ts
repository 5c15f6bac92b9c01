import { createHash } from 'node:crypto';
import { readDocuments, readText } from '../kernel/data.ts';
import { fill } from './fill.ts';

const FOLDER = 'addons/coredns';

/** An object as a manifest has it. */
export interface AddonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface CoreDns {
  readonly clusterDomain: string;
  readonly dnsIP: string;
  readonly image: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent';
  readonly replicas: number;
  /** Who is asked for names of the outside; nobody when empty, those of the node when `undefined`. */
  readonly upstream: readonly string[] | undefined;
}

/** In the order in which they are made: rights before the pods that need them. */
export function corednsObjects(settings: CoreDns): readonly AddonObject[] {
  const { clusterDomain, dnsIP, image, pullPolicy, replicas, upstream } = settings;
  const corefile = fill(readText(`${FOLDER}/Corefile`), { clusterDomain, forward: forwarded(upstream) });
  const corefileDigest = createHash('sha256').update(corefile).digest('hex').slice(0, 16);
  const values = { corefile, corefileDigest, dnsIP, image, pullPolicy, replicas };
  return (readDocuments(`${FOLDER}/objects.yaml`) as AddonObject[]).map((object) => fill(object, values));
}

/** https://coredns.io/plugins/forward/ */
const forwarded = (upstream: readonly string[] | undefined): string =>
  upstream?.length === 0
    ? '# Nobody knows names of the outside: dns.upstream is empty.'
    : `forward . ${upstream?.join(' ') ?? '/etc/resolv.conf'}`;
