import { structuredPatch } from 'diff/lib/patch/create.js';
import { unitOf, verbOf } from '../plan/plan.ts';
import type { HostPlan, PlanSummary, PlannedChange, UnitHosts } from '../plan/plan.ts';
import type { TextChange } from '../resources/resource.ts';
import { count, oneLine } from './text.ts';
import type { Paint, Style } from './text.ts';

/** The plans of hosts, told one after the other, by what they say: what many hosts have in common is kept once. */
export class PlannedChanges {
  readonly #phases = new Map<string, { readonly title: string; readonly changes: Map<string, Shared> }>();
  readonly #orphans: { readonly host: string; readonly path: string }[] = [];
  readonly #showCreated: boolean;

  /** @param showCreated also the whole text of files that would be created; otherwise only changes of existing ones */
  constructor(showCreated: boolean) {
    this.#showCreated = showCreated;
  }

  add({ host, phases, orphans }: HostPlan): void {
    for (const { phase, title, changes } of phases) {
      const known = this.#phases.get(phase) ?? { title, changes: new Map<string, Shared>() };
      this.#phases.set(phase, known);
      for (const planned of changes) {
        const shown = this.#showCreated ? planned : withoutNewText(planned);
        const key = JSON.stringify(shown);
        const shared = known.changes.get(key) ?? { planned: shown, hosts: [] };
        known.changes.set(key, shared);
        shared.hosts.push(host);
      }
    }
    for (const path of orphans) this.#orphans.push({ host, path });
  }

  /** The plan for a person, ending in a line break. */
  text(summary: PlanSummary, paint: Paint): string {
    const nothing =
      summary.hosts === 0
        ? 'No host could be looked at.'
        : `No changes. ${count(summary.hosts, 'host')} as the inventory says.`;
    const body =
      summary.changes === 0
        ? [nothing]
        : [
            ...summary.phases.flatMap((id) => phaseLines(id, this.#phases.get(id), paint)),
            ...footer(summary),
          ];
    return `${[...body, ...orphanLines(this.#orphans, paint)].join('\n')}\n`;
  }
}

/** A change that several hosts need. */
interface Shared {
  readonly planned: PlannedChange;
  readonly hosts: string[];
}

function withoutNewText(planned: PlannedChange): PlannedChange {
  const { change } = planned;
  return change.kind === 'create'
    ? { ...planned, change: { kind: 'create', summary: change.summary } }
    : planned;
}

/** Under the hosts that have them in common, changes in the order in which they are made. */
function phaseLines(
  id: string,
  phase: { readonly title: string; readonly changes: ReadonlyMap<string, Shared> } | undefined,
  paint: Paint,
): string[] {
  if (!phase) return [];
  const { title, changes } = phase;
  const groups = new Map<string, string[]>();
  for (const { planned, hosts } of changes.values()) {
    const key = hosts.join(', ');
    const lines = groups.get(key) ?? [];
    groups.set(key, lines);
    lines.push(...changeLines(planned, paint));
  }
  return [
    paint('bold', oneLine(`${id}: ${title}`)),
    ...[...groups].flatMap(([hosts, lines]) => [`  ${oneLine(hosts)}:`, ...lines]),
    '',
  ];
}

function changeLines(planned: PlannedChange, paint: Paint): string[] {
  const { change } = planned;
  const line = (style: Style, text: string): string => `    ${paint(style, oneLine(text))}`;
  switch (change.kind) {
    case 'none':
      return [];
    case 'create':
      return [
        line('green', `+ create ${what(planned, change.summary)}`),
        ...(change.text ? diffLines(change.text, paint) : []),
      ];
    case 'update':
      return [
        line('yellow', `~ update ${what(planned, change.summary)}`),
        ...(change.text ? diffLines(change.text, paint) : []),
      ];
    case 'delete':
      return [line('red', `- delete ${what(planned, change.summary)}`)];
    case 'restart': {
      return [line('yellow', `! ${verbOf(change)} ${unitOf(planned)}${because(change.because)}`)];
    }
    case 'unknown':
      return [line('cyan', `? ${what(planned, change.summary)}: unknown until ${change.waitsFor}`)];
  }
}

/** Title and summary, without saying the same thing twice. */
function what({ title }: PlannedChange, summary: string): string {
  if (summary === '' || title.includes(summary)) return title;
  return summary.includes(title) ? summary : `${title}: ${summary}`;
}

const because = (reasons: readonly string[]): string =>
  reasons.length === 0 ? '' : ` (because ${reasons.join(', ')})`;

function diffLines({ path, before, after }: TextChange, paint: Paint): string[] {
  const { hunks } = structuredPatch(path, path, before, after, undefined, undefined, { context: 3 });
  // Both texts were masked before they came here, so a change of nothing but a secret leaves no hunk.
  if (hunks.length === 0) return [`        ${paint('dim', '(differs only in what is not shown)')}`];
  return hunks
    .flatMap((hunk) => [
      paint('cyan', `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`),
      ...hunk.lines.map((line) => paintDiff(oneLine(line), paint)),
    ])
    .map((line) => (line === ' ' ? '' : `        ${line}`));
}

function paintDiff(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint('green', line);
  return line.startsWith('-') ? paint('red', line) : line;
}

const footer = ({
  changes,
  changedHosts,
  unknown,
  starts,
  restarts,
  interruptions,
  outages,
  hooks,
}: PlanSummary): string[] => [
  `${count(changes, 'change')} on ${count(changedHosts, 'host')}` +
    `${unknown === 0 ? '' : `, ${unknown} of them known only during the run`}.`,
  ...(starts.length === 0 ? [] : [`Starts: ${unitsText(starts)}.`]),
  `Restarts: ${unitsText(restarts)}.`,
  `Expected interruption: ${unitsText(interruptions)}.`,
  ...(outages.length === 0 ? [] : [`Nothing stands in meanwhile for: ${unitsText(outages)}.`]),
  ...hooks.map(({ when, of, run, on }) => oneLine(`Hook ${when} ${of} on ${someHosts(on)}: ${run}`)),
];

/** `etcd.service on m1, m2; docker.service on w1`, or `none`. */
const unitsText = (units: readonly UnitHosts[]): string =>
  units.length === 0
    ? 'none'
    : oneLine(units.map(({ unit, hosts }) => `${unit} on ${someHosts(hosts)}`).join('; '));

const MAX_NAMED = 5;

const someHosts = (hosts: readonly string[]): string =>
  hosts.length > MAX_NAMED ? count(hosts.length, 'host') : hosts.join(', ');

function orphanLines(
  orphans: readonly { readonly host: string; readonly path: string }[],
  paint: Paint,
): string[] {
  if (orphans.length === 0) return [];
  return [
    '',
    paint('bold', 'Left over from earlier runs; nothing wants them any more (--prune deletes them):'),
    ...orphans.map(({ host, path }) => oneLine(`  ${host}: ${path}`)),
  ];
}
