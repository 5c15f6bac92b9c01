import { readDocuments } from '../kernel/data.ts';
import { type Values, fill } from './fill.ts';

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

const documentsOf = (addon: string): readonly AddonObject[] =>
  readDocuments(`addons/${addon}/objects.yaml`) as AddonObject[];

/** In the order in which they are made. */
export const addonObjects = (addon: string, values: Values): readonly AddonObject[] =>
  documentsOf(addon).map((object) => fill(object, values));

/** What kinds it is made of, each once. */
export const addonKinds = (addon: string): readonly Pick<AddonObject, 'apiVersion' | 'kind'>[] => [
  ...new Map(
    documentsOf(addon).map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
  ).values(),
];

/** Kind and name of each object, as `ClusterRole/system:coredns`. */
export const addonObjectNames = (addon: string): string[] =>
  documentsOf(addon).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
