import { table } from '../../../report/table.ts';
import { count } from '../../../report/text.ts';
import { inWords } from '../causes.ts';
import type { CheckReport, MountCheck, Problem, ServerCheck } from './check-report.ts';

/** Servers, then every export on every node with its times, then what is wrong and what to do. Ends in a line break. */
export function checkText(
  { servers, mounts, problems }: CheckReport,
  lost: readonly string[],
  verbose: boolean,
): string {
  const causes = grouped(problems).map((alike) => causeText(alike, verbose));
  const nodes = new Set(mounts.map(({ node }) => node)).size;
  return [
    ...(servers.length === 0 ? [] : [...table([SERVER_HEAD, ...servers.map(serverRow)]), '']),
    ...(mounts.length === 0 ? [] : [...table([MOUNT_HEAD, ...mounts.map(mountRow)]), '']),
    ...causes.flatMap((text) => [text, '']),
    ...lost.map((host) => `${host} could not be asked.`),
    problems.length === 0
      ? `Every export can be used from ${count(nodes, 'node')}.`
      : `${count(causes.length, 'problem')}.`,
    '',
  ].join('\n');
}

const SERVER_HEAD = ['SERVER', 'SERVICES', 'REGISTERED', 'EXPORTS'];
const STEPS = ['reach', 'list', 'mount', 'write', 'read', 'delete', 'unmount'];
const MOUNT_HEAD = ['NODE', 'EXPORT', 'RESULT', 'VERSION', ...STEPS.map((step) => step.toUpperCase())];

function serverRow({ server, services, registered, exported, missing }: ServerCheck): string[] {
  const states = Object.entries(services);
  const off = states.filter(([, state]) => state !== 'active');
  return [
    server,
    off.length === 0
      ? 'active'
      : off.map(([unit, state]) => `${unit.replace(/\.service$/, '')} ${state}`).join(', '),
    registered === null ? '-' : registered.join(', ') || 'none',
    missing.length === 0
      ? `all ${exported.length}`
      : `${exported.length} of ${exported.length + missing.length}`,
  ];
}

const mountRow = ({ node, export: name, result, version, milliseconds }: MountCheck): string[] => [
  node,
  name,
  result,
  version ?? '-',
  ...STEPS.map((step) => (milliseconds[step] === undefined ? '-' : `${milliseconds[step]} ms`)),
];

/** What many hosts met alike is told once. */
function grouped(problems: readonly Problem[]): Problem[][] {
  const groups = new Map<string, Problem[]>();
  for (const one of problems) {
    const key = [one.cause, one.step, one.server, one.path, one.words['port']].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

function causeText(alike: readonly Problem[], verbose: boolean): string {
  const [first] = alike;
  if (!first) return '';
  const hosts = [...new Set(alike.map(({ host }) => host))].join(', ');
  const words = { ...first.words, host: hosts };
  const said = first.said.trim().split('\n').filter(Boolean);
  return [
    `${hosts}: ${inWords(first.says, words)}`,
    ...(verbose ? said.map((line) => `    | ${line}`) : []),
    `    ${inWords(first.remedy, words)}`,
  ].join('\n');
}
