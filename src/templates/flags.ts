import type { ComponentName } from '../kernel/components.ts';
import { readData } from '../kernel/data.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { unitArgument } from './unit.ts';

/** Why a flag is set, in a sentence, and where to read more. */
export interface Explanation {
  readonly why?: string | undefined;
  readonly link?: string | undefined;
}

/** Flag values by name, sorted; what a component is started with. */
export type Flags = ReadonlyMap<string, string>;

type FlagData = Readonly<Record<string, Readonly<Record<string, string | null>>>>;

/** Names the file that a component of a minor version of Kubernetes (`v1.16`) has its flags from. */
export interface FlagFile {
  readonly minor: string;
  readonly component: ComponentName;
}

export const flagPath = ({ minor, component }: FlagFile): string =>
  `templates/flags/${minor}/${component}.yaml`;

/** Which parts of the data make a profile, the later ones over the earlier. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  secure: ['all', 'hardened'],
  cis: ['all', 'hardened', 'cis'],
  course: ['all', 'course'],
};

const files = new Map<string, FlagData>();

/**
 * The flags of a component in a profile, with `{names}` filled in, then the extra ones laid over.
 * A flag with a name that is `undefined` is left out; `null` removes a flag.
 */
export function flagsFor(
  file: FlagFile,
  profile: string,
  values: Readonly<Record<string, string | undefined>>,
  extra: readonly Readonly<Record<string, string | null>>[],
): Flags {
  const data = flagData(file);
  const layers = (LAYERS[profile] ?? ['all']).map((layer) => data[layer] ?? {});
  const own = Object.entries(Object.assign({}, ...layers) as FlagData[string]).map(
    ([flag, value]): [string, string | null] => [
      flag,
      value === null ? null : (filled(`${file.component} --${flag}`, value, values) ?? null),
    ],
  );
  const merged = Object.assign({}, Object.fromEntries(own), ...extra) as Record<string, string | null>;
  const present = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
  return new Map(present.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The part of a file from which a profile takes a flag; the last of several. */
export const flagLayer = (file: FlagFile, profile: string, flag: string): string | undefined =>
  (LAYERS[profile] ?? []).findLast((layer) => Object.hasOwn(flagData(file)[layer] ?? {}, flag));

/** Names of the flags that any profile sets by itself. */
export const ownFlags = (file: FlagFile): string[] => [
  ...new Set(Object.values(flagData(file)).flatMap((flags) => Object.keys(flags))),
];

/** A command over several lines, as a unit file has it. */
export const commandLine = (binary: string, flags: Flags): string =>
  [binary, ...[...flags].map(([name, value]) => unitArgument(`--${name}=${value}`))].join(' \\\n  ');

/**
 * Comment lines that say what each flag is for. They stand above the command, not between its lines:
 * systemd 219 takes a comment behind a backslash for a part of the command.
 */
export function flagNotes(flags: Flags, explain: (flag: string) => Explanation): string {
  return [...flags.keys()]
    .flatMap((flag) => {
      const { why, link } = explain(flag);
      return [
        `# --${flag}`,
        `#   ${why ?? 'From extraArgs in the inventory.'}`,
        ...(link === undefined ? [] : [`#   ${link}`]),
      ];
    })
    .join('\n');
}

/** A value with its `{names}` filled in; `undefined` when one of them has no value. */
export function filled(
  what: string,
  text: string,
  values: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const foreign = names.find((name) => !(name in values));
  if (foreign !== undefined) {
    throw new BootstrapError('E_BUG', `${what} asks for {${foreign}}, which nothing gives`);
  }
  if (names.some((name) => values[name] === undefined)) return undefined;
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

function flagData(file: FlagFile): FlagData {
  const path = flagPath(file);
  const data = files.get(path) ?? (readData(path) as FlagData);
  files.set(path, data);
  return data;
}
