import { structuredPatch } from 'diff/lib/patch/create.js';
import { allChanges, isEmpty } from '../plan/plan.ts';
import type { PhasePlan, Plan, PlannedChange } from '../plan/plan.ts';
import type { Change, TextChange } from '../resources/resource.ts';
import { count, oneLine } from './text.ts';
import type { Paint, Style } from './text.ts';

export interface PlanTextOptions {
  /** Hosts looked at, also those without changes. */
  readonly hosts: number;
  readonly paint: Paint;
  /** Also the whole text of files that would be created; otherwise only changes of existing ones are shown. */
  readonly showCreated?: boolean;
}

/** The plan for a person, ending in a line break. Changes that read the same on several hosts are shown once. */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const body = isEmpty(plan)
    ? [
        options.hosts === 0
          ? 'No host could be looked at.'
          : `No changes. ${count(options.hosts, 'host')} as the inventory says.`,
      ]
    : [...plan.phases.flatMap((phase) => phaseLines(phase, options)), ...footer(plan)];
  return `${[...body, ...orphanLines(plan, options.paint)].join('\n')}\n`;
}

function phaseLines(phase: PhasePlan, options: PlanTextOptions): string[] {
  const groups = groupByHosts(phase, options);
  if (groups.length === 0) return [];
  return [
    options.paint('bold', oneLine(`${phase.phase}: ${phase.title}`)),
    ...groups.flatMap(({ hosts, blocks }) => [`  ${oneLine(hosts.join(', '))}:`, ...blocks.flat()]),
    '',
  ];
}

interface Group {
  readonly hosts: readonly string[];
  readonly blocks: string[][];
}

/** Blocks are compared as rendered: what reads the same is the same to the reader. */
function groupByHosts(phase: PhasePlan, options: PlanTextOptions): Group[] {
  const hostsOf = new Map<string, { block: string[]; hosts: string[] }>();
  for (const { host, changes } of phase.hosts) {
    for (const planned of changes) {
      const block = changeLines(planned, options);
      const key = block.join('\n');
      const entry = hostsOf.get(key) ?? { block, hosts: [] };
      if (!entry.hosts.includes(host)) entry.hosts.push(host);
      hostsOf.set(key, entry);
    }
  }
  const groups = new Map<string, Group>();
  for (const { block, hosts } of hostsOf.values()) {
    if (block.length === 0) continue;
    const key = hosts.join('\n');
    const group = groups.get(key) ?? { hosts, blocks: [] };
    group.blocks.push(block);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function changeLines(planned: PlannedChange, { paint, showCreated }: PlanTextOptions): string[] {
  const { change } = planned;
  const line = (style: Style, text: string): string => `    ${paint(style, oneLine(text))}`;
  switch (change.kind) {
    case 'none':
      return [];
    case 'create':
      return [
        line('green', `+ create ${what(planned, change.summary)}`),
        ...(showCreated === true && change.text ? diffLines(change.text, paint) : []),
      ];
    case 'update':
      return [
        line('yellow', `~ update ${what(planned, change.summary)}`),
        ...(change.text ? diffLines(change.text, paint) : []),
      ];
    case 'delete':
      return [line('red', `- delete ${what(planned, change.summary)}`)];
    case 'restart':
      return [line('yellow', `! restart ${unitOf(planned)}${because(change.because)}`)];
    case 'unknown':
      return [line('cyan', `? ${what(planned, change.summary)}: unknown until ${change.waitsFor}`)];
  }
}

/** Title and summary, without saying the same thing twice. */
function what({ title }: PlannedChange, summary: string): string {
  if (summary === '' || title.includes(summary)) return title;
  return summary.includes(title) ? summary : `${title}: ${summary}`;
}

const unitOf = ({ id, title }: PlannedChange): string =>
  id.startsWith('service:') ? id.slice('service:'.length) : title;

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

function footer(plan: Plan): string[] {
  const changes = allChanges(plan).filter(({ planned }) => planned.change.kind !== 'none');
  const hosts = new Set(changes.map(({ host }) => host));
  const unknown = changes.filter(({ planned }) => planned.change.kind === 'unknown').length;
  const restarts = unitsBy(plan, (change) => change.kind === 'restart');
  const interrupting = unitsBy(plan, (change) => change.kind === 'restart' && change.interrupts);
  return [
    `${count(changes.length, 'change')} on ${count(hosts.size, 'host')}` +
      `${unknown === 0 ? '' : `, ${unknown} of them known only during the run`}.`,
    `Restarts: ${restarts}.`,
    `Expected interruption: ${interrupting}.`,
  ];
}

/** `etcd.service on m1, m2; docker.service on w1`, or `none`. */
function unitsBy(plan: Plan, wanted: (change: Change) => boolean): string {
  const hostsOf = new Map<string, Set<string>>();
  for (const { host, planned } of allChanges(plan)) {
    if (!wanted(planned.change)) continue;
    const unit = unitOf(planned);
    hostsOf.set(unit, (hostsOf.get(unit) ?? new Set()).add(host));
  }
  const units = [...hostsOf].map(([unit, hosts]) => `${unit} on ${someHosts([...hosts])}`);
  return units.length === 0 ? 'none' : oneLine(units.join('; '));
}

const MAX_NAMED = 5;

const someHosts = (hosts: readonly string[]): string =>
  hosts.length > MAX_NAMED ? count(hosts.length, 'host') : hosts.join(', ');

function orphanLines({ orphans }: Plan, paint: Paint): string[] {
  if (orphans.length === 0) return [];
  return [
    '',
    paint('bold', 'Left over from earlier runs; nothing wants them any more (--prune deletes them):'),
    ...orphans.map(({ host, path }) => oneLine(`  ${host}: ${path}`)),
  ];
}
