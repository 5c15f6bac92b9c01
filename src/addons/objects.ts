import { namesIn, readDocuments } from '../kernel/data.ts';
import type { KubeObject } from '../kernel/kube-object.ts';
import { isMapping } from '../kernel/mapping.ts';
import { type Values, fill } from './fill.ts';

/** An object as it is written, with `{names}`; one with `onlyWith` is wanted only where that list is not empty. */
type Written = KubeObject & { readonly onlyWith?: unknown };

const documentsOf = (addon: string): readonly Written[] =>
  namesIn(`addons/${addon}`)
    .filter((name) => /^objects.*\.yaml$/.test(name))
    .sort()
    .flatMap((name) => readDocuments(`addons/${addon}/${name}`) as Written[]);

/** In the order in which they are made. */
export const addonObjects = (addon: string, values: Values): readonly KubeObject[] =>
  documentsOf(addon)
    .map((object) => fill(object, values))
    .filter(({ onlyWith }) => !Array.isArray(onlyWith) || onlyWith.length > 0)
    .map(stored);

/** As the API server keeps it: it knows no `onlyWith`, and the text of a Secret as data. */
function stored(object: Written): KubeObject {
  const { stringData } = object;
  const kept = Object.entries(object).filter(([field]) => field !== 'onlyWith' && field !== 'stringData');
  const data = isMapping(stringData) ? { data: encoded(stringData) } : {};
  return { ...(Object.fromEntries(kept) as unknown as KubeObject), ...data };
}

const encoded = (texts: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]),
  );

/** What kinds it is made of, each once. */
export const addonKinds = (addon: string): readonly Pick<KubeObject, 'apiVersion' | 'kind'>[] => [
  ...new Map(
    documentsOf(addon).map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
  ).values(),
];

/** Those of the whole cluster, whose names somebody else may have taken; a namespace is for everybody. */
export const addonClusterObjects = (addon: string): readonly KubeObject[] =>
  documentsOf(addon).filter(({ kind, metadata }) => metadata.namespace === undefined && kind !== 'Namespace');

/** Kind and name of each object, as `ClusterRole/system:coredns`. */
export const addonObjectNames = (addon: string): string[] =>
  documentsOf(addon).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
