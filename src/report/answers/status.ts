import type { HostStatus, HostStatuses, StatusColumn } from '../../answers/hosts.ts';
import { table } from '../table.ts';
import { type Paint, count } from '../text.ts';
import type { How } from './how.ts';

/** One line a host, then what is off; with `verbose` every component and certificate. */
export function statusText({ hosts, watched }: HostStatuses, { paint, verbose }: How): string {
  const trouble = watched?.trouble ?? null;
  const found = hosts.flatMap(({ host, problems: own }) => own.map((problem) => `${host}: ${problem}`));
  const problems = trouble === null ? found : [...found, `Not looked at since: ${trouble}`];
  return [
    ...(watched
      ? [
          `At ${watched.at.slice(11, 19)} UTC, every ${watched.everySeconds} s; what moved has a *, Ctrl-C ends it.`,
          '',
        ]
      : []),
    ...table([
      ['HOST', 'ROLES', 'COMPONENTS', 'HEALTH', 'CERTIFICATES', 'DRIFT'],
      ...hosts.map((host) => row(host, watched?.moved[host.host] ?? [], paint)),
    ]),
    '',
    ...(verbose ? [...hosts.flatMap(details), ''] : []),
    ...problems.map((problem) => paint('yellow', problem)),
    problems.length === 0
      ? `All is well on ${count(hosts.length, 'host')}.`
      : `${count(problems.length, 'problem')}. "k8s-bootstrap plan" shows changes that are due, "k8s-bootstrap logs UNIT" what a unit said.`,
    '',
  ].join('\n');
}

function row(status: HostStatus, moved: readonly StatusColumn[], paint: Paint): string[] {
  const { host, roles, reached, components, health, certificates, drift } = status;
  const cell = (column: StatusColumn, text: string): string =>
    moved.includes(column) ? `${paint('bold', text)}*` : text;
  const name = [reached ? cell('reached', host) : host, roles.join(', ')];
  if (!reached) return [...name, cell('reached', paint('red', 'not reached'))];
  const [next] = certificates;
  return [
    ...name,
    cell('components', outOf(components.filter(({ state }) => state === 'active').length, components.length)),
    cell('health', outOf(health.filter(({ missing }) => missing === null).length, health.length)),
    cell('certificates', next === undefined ? 'none' : `${next.daysLeft} days`),
    cell('drift', drift.length === 0 ? 'none' : count(drift.length, 'change')),
  ];
}

const outOf = (good: number, all: number): string =>
  good === all ? `all ${all} ok` : `${good} of ${all} ok`;

const details = ({ host, components, health, certificates, orphans }: HostStatus): string[] =>
  table([
    ...components.map(({ unit, state, atBoot, since }) => [
      host,
      unit,
      state,
      atBoot ? 'at boot' : 'not at boot',
      ...(since === null ? [] : [`since ${since}`]),
    ]),
    ...components.flatMap(({ unit, changedBy }) => changedBy.map((path) => [host, unit, 'changed by', path])),
    ...orphans.map((path) => [host, path, 'left over', '"up --prune" takes it away']),
    ...health.map(({ check, missing }) => [host, check, missing ?? 'yes']),
    ...certificates.map(({ path, daysLeft, notAfter }) => [host, path, `${daysLeft} days`, notAfter]),
  ]);
