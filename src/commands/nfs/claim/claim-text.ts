import { table } from '../../../report/table.ts';
import { count } from '../../../report/text.ts';
import type { ClaimReport } from './claim-report.ts';

/** Ends in a line break. @param left folders on the server that could not be removed */
export function claimText(report: ClaimReport, left: readonly string[]): string {
  const { storageClass, bound, volume, folder, pods, problems } = report;
  const rows = pods.map(({ node, reads, result, seconds }) => [
    node,
    result,
    result === 'ok' ? reads : '-',
    seconds === null ? '-' : `${seconds} s`,
  ]);
  return [
    bound === null
      ? `A claim on ${storageClass} was not bound.`
      : `A claim on ${storageClass} was bound after ${(bound / 1000).toFixed(1)} s: volume ${volume ?? '?'}${folder === null ? '' : `, ${folder}`}`,
    '',
    ...(rows.length === 0 ? [] : [...table([['NODE', 'POD', 'READ FROM', 'TOOK'], ...rows]), '']),
    ...problems.flatMap(({ where, says, remedy, said }) => [
      `${where}: ${says}`,
      ...said
        .split('\n')
        .filter(Boolean)
        .map((line) => `    | ${line}`),
      `    ${remedy}`,
      '',
    ]),
    ...left.map((one) => `Left on the server: ${one}`),
    problems.length === 0
      ? `Pods on ${count(pods.length, 'node')} wrote to the volume and read what another one wrote; all of it is deleted again.`
      : `${count(problems.length, 'problem')}.`,
    '',
  ].join('\n');
}
