import type { Observed } from '../../probe/observe.ts';
import { isOfOthers } from '../shared/parts.ts';
import { DEPLOYMENT } from './waiting.ts';

const SERVICE = '/api/v1/namespaces/kube-system/services/kube-dns';

/** What anybody's DNS is called: upstream's manifests all have these names. */
export const DNS_OBJECTS: readonly string[] = [SERVICE, DEPLOYMENT];

/** Objects of these names that somebody else has made; ours would take their place. */
export const dnsOfOthers = (seen: Observed): readonly string[] =>
  DNS_OBJECTS.filter((path) => isOfOthers(seen.object(path))).map((path) =>
    path === SERVICE ? 'Service kube-system/kube-dns' : 'Deployment kube-system/coredns',
  );
