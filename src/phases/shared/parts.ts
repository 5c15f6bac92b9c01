import type { KubeObject } from '../../resources/object.ts';

/** On every object of an add-on: what carries it and is not wanted any more goes. */
const LABEL = 'k8s-bootstrap/part';

/** Lists of the API of the objects that belong to a part. */
export const labelledLists = (part: string, lists: readonly string[]): readonly string[] =>
  lists.map((path) => `${path}?labelSelector=${encodeURIComponent(`${LABEL}=${part}`)}`);

/** The part that an object says it belongs to. */
export const partOf = (object: Pick<KubeObject, 'metadata'>): string | undefined =>
  object.metadata.labels?.[LABEL];

export const ofPart = <T extends Pick<KubeObject, 'metadata'>>(part: string, object: T): T => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, [LABEL]: part } },
});
