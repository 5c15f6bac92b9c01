import type {
  ExplainedField,
  ExplainedFile,
  ExplainedFlag,
  ExplainedIn,
  ExplainedThing,
  FieldFact,
  FileFact,
  FlagFact,
  ThingFact,
} from '../../answers/cluster.ts';
import { padded } from '../text.ts';
import { word } from '../../texts/explained.ts';

export const explainFieldText = ({ found, language }: ExplainedField): string => fieldText(found, language);

export const explainFileText = ({ found, language }: ExplainedFile): string =>
  found.map((fact) => fileText(fact, language)).join('\n');

export const explainThingText = ({ found, language }: ExplainedThing): string =>
  found.map((fact) => thingText(fact, language)).join('\n');

export const explainFlagText = ({ found, language }: ExplainedFlag): string =>
  `${found.map((fact) => flagText(fact, language)).join('\n')}\n${word(language, 'caveat')}\n`;

function fieldText(
  { field, what, takes, default: usual, sources }: FieldFact,
  language: ExplainedIn,
): string {
  const rows = [
    ['what', what ?? undefined],
    ['takes', takes],
    ['default', usual ?? undefined],
    ...sources.map((source) => ['from', source] as const),
    ...(sources.length === 0 ? [['from', word(language, 'notInInventory')] as const] : []),
  ] as const;
  return block(field, rows, language);
}

/** Rows of a label and what it says, below a heading; a row that says nothing is left out. */
const block = (
  heading: string,
  rows: readonly (readonly [label: string, says: string | undefined])[],
  language: ExplainedIn,
): string => {
  const lines = rows.flatMap(([label, says]) =>
    says === undefined || says === '' ? [] : [`  ${padded(`${word(language, label)}:`, LABEL)} ${says}`],
  );
  return `${[heading, ...lines].join('\n')}\n`;
};

/** Of a label, in columns of a terminal. */
const LABEL = 8;

const placed = (language: ExplainedIn, phase: string, title: string, hosts: readonly string[]): string =>
  word(language, 'inPhase', { phase, title, hosts: hosts.join(', ') });

function fileText(fact: FileFact, language: ExplainedIn): string {
  const { path, phase, title, hosts, kind, of = '', why, restarts } = fact;
  const change =
    restarts.length === 0
      ? word(language, 'restartsNothing')
      : word(language, 'restarts', { units: restarts.join(', ') });
  return block(
    path,
    [
      ['what', word(language, kind, { of })],
      ['why', why],
      ['phase', placed(language, phase, title, hosts)],
      ['change', change],
    ],
    language,
  );
}

function thingText({ kind, name, why, wanted, files, issued }: ThingFact, language: ExplainedIn): string {
  return block(
    name,
    [
      ['what', word(language, kind)],
      ['why', why],
      ['subject', issued?.subject],
      ['signedBy', issued?.by],
      ['days', issued && String(issued.days)],
      ['files', files.join(', ')],
      [
        'phase',
        wanted ? placed(language, wanted.phase, wanted.title, wanted.hosts) : word(language, 'notWanted'),
      ],
    ],
    language,
  );
}

function flagText(fact: FlagFact, language: ExplainedIn): string {
  const { component, flag, values, why, link, sources, phase, unit, cis, deprecated } = fact;
  const set = values.map(
    ({ value, hosts }) => `  --${flag}=${value}   ${word(language, 'on', { hosts: hosts.join(', ') })}`,
  );
  const heading = [
    `${component} --${flag}${deprecated ? word(language, 'deprecated') : ''}`,
    ...(set.length > 0 ? set : [`  ${word(language, 'notSet')}`]),
  ].join('\n');
  return block(
    heading,
    [
      ['why', why],
      ...sources.map((source) => ['from', source] as const),
      ['phase', phase && word(language, 'inUnit', { phase, unit })],
      ['CIS', cis.join(', ')],
      ['more', link],
    ],
    language,
  );
}
