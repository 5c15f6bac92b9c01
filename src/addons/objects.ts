import { namesIn, readDocuments } from '../kernel/data.ts';
import type { KubeObject } from '../kernel/kube-object.ts';
import { type Values, fill } from './fill.ts';

const OBJECTS = 'objects.yaml';

/** None of an add-on that is a program on masters and nothing in the cluster. */
const documentsOf = (addon: string): readonly KubeObject[] =>
  namesIn(`addons/${addon}`).includes(OBJECTS)
    ? (readDocuments(`addons/${addon}/${OBJECTS}`) as KubeObject[])
    : [];

/** In the order in which they are made. */
export const addonObjects = (addon: string, values: Values): readonly KubeObject[] =>
  documentsOf(addon).map((object) => fill(object, values));

/** What kinds it is made of, each once. */
export const addonKinds = (addon: string): readonly Pick<KubeObject, 'apiVersion' | 'kind'>[] => [
  ...new Map(
    documentsOf(addon).map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
  ).values(),
];

/** Kind and name of each object, as `ClusterRole/system:coredns`. */
export const addonObjectNames = (addon: string): string[] =>
  documentsOf(addon).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
