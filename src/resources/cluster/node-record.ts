import { own } from '../../kernel/mapping.ts';
import { isQualifiedName } from '../../kernel/qualified-name.ts';
import { quote } from '../../kernel/quote.ts';
import type { Observed } from '../../probe/observe.ts';
import { bytes } from '../content.ts';
import type { Step } from '../step.ts';
import { configMapData, kubectl } from './kube-api.ts';
import { MANAGED_BY } from './object.ts';

/**
 * What was set on each node from here: what stands there and is wanted no more goes, and all else belongs to others. It
 * is kept in a ConfigMap and not on the Node, where a kubelet could write: one that was taken over would have the taints
 * removed that keep pods away from it. An entry is words with spaces between them, `disk dedicated:NoSchedule`: keys of
 * labels, and of taints with their effects.
 */
const NAMESPACE = 'kube-system';
const NAME = 'k8s-bootstrap-nodes';

/** API path of the record, which is one for all nodes. */
export const NODE_RECORD = `/api/v1/namespaces/${NAMESPACE}/configmaps/${NAME}`;

/** The entry of a node; empty when nothing was ever written down. */
export function recordOf(seen: Observed, node: string): string {
  const text = own(configMapData(seen.object(NODE_RECORD)), node);
  return typeof text === 'string' ? text : '';
}

/** A label's key is its own word. */
export const taintWord = ({ key, effect }: { readonly key: string; readonly effect: string }): string =>
  `${key}:${effect}`;

export const recordText = (words: Iterable<string>): string =>
  [...new Set(words)].filter(isOurs).toSorted().join(' ');

/** Words of an entry; what has not the form of one, or may not be ours, is none. */
export const recordedWords = (text: string): string[] => text.split(' ').filter(isOurs);

const isOurs = (word: string): boolean => {
  const [, key = word, effect] = /^([^:]*):(.*)$/.exec(word) ?? [];
  const isKnown = effect === undefined || EFFECTS.includes(effect);
  return isKnown && isQualifiedName(key) && !OF_OTHERS.test(key);
};

const EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/**
 * What kubelets, controllers and clouds say by themselves, also by `cordon`: never taken away, whoever names it.
 * https://v1-16.docs.kubernetes.io/docs/reference/kubernetes-api/labels-annotations-taints/
 */
const OF_OTHERS =
  /^(?:kubernetes\.io\/(?:hostname|os|arch)$|(?:beta|node|node\.cloudprovider)\.kubernetes\.io\/)/;

/** @param isThere whether anything was ever written down, of whatever node */
export const writingDown = (node: string, text: string, isThere: boolean): Step => ({
  op: 'run',
  title: `write down what is set on node ${node}`,
  script: `r=$(cat)
${patching} -p "$r"${isThere ? '' : ` 2> /dev/null || printf %s "$r" | ${kubectl} create -f -`}`,
  stdin: bytes(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [node]: text } })),
});

const metadata = { name: NAME, namespace: NAMESPACE, labels: MANAGED_BY };

/** Shell to which `-p` and a JSON merge patch of the record is added. */
const patching = `${kubectl} --namespace=${NAMESPACE} patch configmap ${NAME} --type merge`;

/** Shell after which nothing is known of a node; where nothing was ever written down there is nothing to forget. */
export const forgetting = (node: string): string =>
  `${patching} -p ${quote(JSON.stringify({ data: { [node]: null } }))} 2> /dev/null || :`;
