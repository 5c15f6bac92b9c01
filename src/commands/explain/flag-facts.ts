import type { FlagFact } from '../../answers/cluster.ts';
import { type Document, parseDocument } from '../../inventory/document.ts';
import { type Path, formatPath } from '../../inventory/problem.ts';
import { SECTIONS } from '../../inventory/sections.ts';
import { COMPONENTS, type ComponentName } from '../../kernel/components.ts';
import { imagined } from '../../facts/facts.ts';
import type { Release } from '../../release/release.ts';
import { paths } from '../../kernel/host-paths.ts';
import { fileId } from '../../resources/file.ts';
import { flagLayer, flagPath } from '../../templates/flags.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { flagText, word } from '../../texts/explained.ts';
import type { Language } from '../../texts/language.ts';
import type { Wanted } from './file-facts.ts';

export interface FlagContext {
  readonly wanted: readonly Wanted[];
  /** The inventory's bytes, and the name to show for it. */
  readonly inventory: Uint8Array;
  readonly file: string;
  readonly profile: string;
  readonly release: Release;
  readonly language: Language;
}

/** One fact for each component that knows the flag, those that set it first. */
export function explainFlag(
  flag: string,
  { wanted, inventory, file, profile, release, language }: FlagContext,
): readonly FlagFact[] {
  const document = parseDocument(inventory, file);
  return COMPONENTS.filter((component) => release.flag(component, flag).known)
    .map((component): FlagFact => {
      const { why: english, link, cis, deprecated } = release.flag(component, flag);
      const unit = `${paths.unitFolder}/${component}.service`;
      const units = wanted.filter(({ resource }) => resource.id === fileId(unit));
      const values = valuesOf(units, flag);
      const source = { minor: release.minor, component };
      const why = flagText(language, { ...source, flag }, english);
      const layer = flagLayer(source, profile, flag);
      const profiles = layer === undefined ? [] : [profileText(language, layer, profile, flagPath(source))];
      const sources = [...profiles, ...writtenIn(document, component, flag, file)];
      const phase = values.length > 0 ? units[0]?.phase : undefined;
      return { component, flag, values, why, link, sources, phase, unit, cis, deprecated };
    })
    .toSorted((a, b) => Number(b.values.length > 0) - Number(a.values.length > 0));
}

const profileText = (language: Language, layer: string, profile: string, file: string): string =>
  word(language, layer === 'all' ? 'everyProfile' : 'oneProfile', { layer, profile, file });

/** As the unit files have it. */
function valuesOf(units: readonly Wanted[], flag: string): FlagFact['values'] {
  const found = units.flatMap(({ host, resource }) => {
    const change = resource.diff(imagined('centos'), new Map());
    const text = 'text' in change ? change.text.after : undefined;
    const [, value] = new RegExp(`^ +"?--${flag}=(.*?)"?(?: \\\\)?$`, 'm').exec(text ?? '') ?? [];
    return value === undefined ? [] : [{ host, value }];
  });
  return [...groupBy(found, ({ value }) => value)].map(([value, group]) => ({
    value,
    hosts: group.map(({ host }) => host),
  }));
}

/** All places of the inventory that say something of the flag, the more particular later. */
function writtenIn(document: Document, component: ComponentName, flag: string, file: string): string[] {
  const { groups = {}, hosts = [] } = document.value as { groups?: object; hosts?: readonly unknown[] };
  const places: Path[] = [
    [SECTIONS[component], 'extraArgs', flag],
    ['defaults', 'extraArgs', component, flag],
    ...Object.keys(groups).map((group) => ['groups', group, 'extraArgs', component, flag]),
    ...hosts.map((_, index) => ['hosts', index, 'extraArgs', component, flag]),
  ];
  return places
    .filter((place) => document.isWritten(place))
    .map((place) => {
      const { line, column } = document.keyAt(place);
      return `${file}:${line}:${column} ${formatPath(place)}`;
    });
}
