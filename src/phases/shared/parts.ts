import { isMapping } from '../../kernel/mapping.ts';
import type { ApiAnswer } from '../../probe/observe.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';

/** On every object of an add-on: what carries it and is not wanted any more goes. */
export const PART_LABEL = 'k8s-bootstrap/part';

/** Lists of the API of the objects that belong to a part, or to one of several. */
export const labelledLists = (
  part: string | readonly string[],
  lists: readonly string[],
): readonly string[] => {
  const selector =
    typeof part === 'string' ? `${PART_LABEL}=${part}` : `${PART_LABEL} in (${part.join(',')})`;
  return lists.map((path) => `${path}?labelSelector=${encodeURIComponent(selector)}`);
};

/** The part that an object says it belongs to. */
export const partOf = (object: Pick<KubeObject, 'metadata'>): string | undefined =>
  object.metadata.labels?.[PART_LABEL];

/** Whether somebody else has made an object that one of ours would take the place of. */
export function isOfOthers(answer: ApiAnswer | undefined): boolean {
  const object = answer?.status === 200 ? answer.body : undefined;
  if (!isMapping(object) || !isMapping(object['metadata'])) return false;
  const { labels } = object['metadata'];
  return !isMapping(labels) || typeof labels[PART_LABEL] !== 'string';
}

export const ofPart = <T extends Pick<KubeObject, 'metadata'>>(part: string, object: T): T => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, [PART_LABEL]: part } },
});
