import type { NfsClaim } from '../../answers/nfs.ts';
import { table } from '../table.ts';
import { count } from '../text.ts';
import type { How } from './how.ts';
import { causeLines } from './nfs-causes.ts';

/** The volume, its pods, what is wrong and what to do. */
export function nfsClaimText(claim: NfsClaim, { paint }: How): string {
  const { storageClass, bound, volume, folder, pods, causes, left } = claim;
  const rows = pods.map(({ node, reads, result, seconds }) => [
    node,
    result === 'failed' ? paint('red', result) : result,
    result === 'ok' ? reads : '-',
    seconds === null ? '-' : `${seconds} s`,
  ]);
  return [
    bound === null
      ? `A claim on ${storageClass} was not bound.`
      : `A claim on ${storageClass} was bound after ${(bound / 1000).toFixed(1)} s: volume ${volume ?? '?'}${folder === null ? '' : `, ${folder}`}`,
    '',
    ...(rows.length === 0 ? [] : [...table([['NODE', 'POD', 'READ FROM', 'TOOK'], ...rows]), '']),
    ...causes.flatMap((cause) => [...causeLines(cause, { paint, said: true }), '']),
    ...left.map((one) => `Left on the server: ${one}`),
    causes.length === 0
      ? `Pods on ${count(pods.length, 'node')} wrote to the volume and read what another one wrote; all of it is deleted again.`
      : `${count(causes.length, 'problem')}.`,
    '',
  ].join('\n');
}
