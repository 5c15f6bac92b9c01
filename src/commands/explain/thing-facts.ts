import { addonCatalog, addonNames } from '../../addons/catalog.ts';
import { addonObjectNames } from '../../addons/objects.ts';
import type { ThingFact } from '../../answers/cluster.ts';
import { paths } from '../../kernel/host-paths.ts';
import { programPaths } from '../../phases/addons/programs.ts';
import { caFilesOf, caSpec, filesOf, issuedAs } from '../../pki/profiles.ts';
import { CA_IDS, LEAF_IDS } from '../../pki/spec.ts';
import { phaseTitle } from '../../texts/explained.ts';
import type { Language } from '../../texts/language.ts';
import { type Both, addonTexts, certificateTexts, objectTexts, unitTexts } from '../../texts/texts.ts';
import type { Wanted } from './file-facts.ts';

/** All that is explained by a name of its own. */
export const thingNames = (): string[] => [
  ...Object.keys(unitTexts()),
  ...CA_IDS,
  ...LEAF_IDS,
  'user',
  ...Object.keys(objectTexts()),
  ...addonNames(),
];

/**
 * What is known of units, authorities, certificates, objects and add-ons of a name: `kubelet`, `kubelet.service`,
 * `clusterrole/k8s-bootstrap:flannel`, `k8s-bootstrap:flannel`, `coredns`. A name may be that of several.
 */
export const explainThing = (
  name: string,
  wanted: readonly Wanted[],
  language: Language,
): readonly ThingFact[] =>
  [units, authorities, certificates, objects, addons].flatMap((kind) =>
    kind(name, wanted).map(({ text, of, ...fact }) => ({
      files: [],
      issued: undefined,
      ...fact,
      why: text[language],
      wanted: placed(of, language),
    })),
  );

type Named = Pick<ThingFact, 'kind' | 'name'> &
  Partial<Pick<ThingFact, 'files' | 'issued'>> & { readonly text: Both; readonly of: readonly Wanted[] };
type Finder = (name: string, wanted: readonly Wanted[]) => readonly Named[];

/** Where resources of the first phase that wants them are. */
function placed(of: readonly Wanted[], language: Language): ThingFact['wanted'] {
  const [first] = of;
  if (!first) return undefined;
  const { phase, title } = first;
  const hosts = of.filter((one) => one.phase === phase).map(({ host }) => host);
  return { phase, title: phaseTitle(language, phase, title), hosts: [...new Set(hosts)] };
}

const units: Finder = (name, wanted) =>
  Object.entries(unitTexts())
    .filter(([unit]) => unit === name || unit === `${name}.service`)
    .map(([unit, text]) => {
      const file = `${paths.unitFolder}/${unit}`;
      const written = wanted.filter(({ resource }) => resource.owns?.includes(file));
      const of = [...written, ...wanted.filter(({ resource }) => resource.id === `service:${unit}`)];
      return { kind: 'unit', name: unit, text, of, files: written.length > 0 ? [file] : [] };
    });

const owning = (wanted: readonly Wanted[], path: string | undefined): readonly Wanted[] =>
  wanted.filter(({ resource }) => path !== undefined && resource.owns?.includes(path));

const authorities: Finder = (name, wanted) =>
  CA_IDS.filter((id) => id === name || `${id}-ca` === name || caSpec(id).commonName === name).map((id) => {
    const { certificate, key } = caFilesOf(id);
    const { commonName, days } = caSpec(id);
    return {
      kind: 'authority',
      name: id,
      text: textOf('authorities', id),
      of: owning(wanted, certificate),
      files: [certificate, key],
      issued: { subject: `CN=${commonName}`, by: undefined, days },
    };
  });

const certificates: Finder = (name, wanted) =>
  ([...LEAF_IDS, 'user'] as const)
    .filter((id) => id === name)
    .map((id) => {
      const files = id === 'user' ? undefined : filesOf(id);
      return {
        kind: 'certificate',
        name: id,
        text: textOf('certificates', id),
        of: owning(wanted, files?.certificate),
        files: files ? [files.certificate, files.key] : [],
        issued: issuedAs(id),
      };
    });

/** A test holds that each has its text. */
const textOf = (kind: 'authorities' | 'certificates', id: string): Both =>
  certificateTexts()[kind][id] ?? { en: id, zh: id };

const objects: Finder = (name, wanted) =>
  Object.entries(objectTexts())
    .filter(([object]) => isObject(object, name))
    .map(([object, text]) => {
      const [kind = '', own = ''] = object.split('/');
      const of = wanted.filter(
        ({ resource: { title } }) => title.startsWith(`${kind} `) && /[^ /]*$/.exec(title)?.[0] === own,
      );
      return { kind: 'object', name: object, text, of };
    });

const addons: Finder = (name, wanted) =>
  addonNames()
    .filter((addon) => addon === name || addonObjectNames(addon).some((object) => isObject(object, name)))
    .flatMap((addon) => {
      const text = addonTexts()[addon];
      const files = addonCatalog()
        .filter(({ name: own }) => own === addon)
        .flatMap(programPaths);
      const of = wanted.filter(
        ({ resource: { id, owns = [] } }) =>
          id === addon || id.endsWith(`:${addon}`) || files.some((file) => owns.includes(file)),
      );
      return text === undefined ? [] : [{ kind: 'addon' as const, name: addon, text, of, files }];
    });

/** Kinds are written as in kubectl, in any case; a name alone will do. */
function isObject(object: string, name: string): boolean {
  const [kind = '', own = ''] = object.split('/');
  const slash = name.indexOf('/');
  if (slash < 0) return own === name;
  return kind.toLowerCase() === name.slice(0, slash).toLowerCase() && own === name.slice(slash + 1);
}
