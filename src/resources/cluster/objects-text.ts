import { dump } from 'js-yaml';
import type { KubeObject } from '../../kernel/kube-object.ts';

/** Objects as a file for `kubectl apply`; the same objects always give the same text. */
export const objectsText = (objects: readonly KubeObject[]): string =>
  objects.map((object) => dump(object, { sortKeys: true, noRefs: true, lineWidth: -1 })).join('---\n');
