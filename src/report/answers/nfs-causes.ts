import type { NfsCause } from '../../answers/nfs.ts';
import type { Paint } from '../text.ts';

/** `m1, w1: rpcbind does not answer …`, what programs said if that is wanted, and the remedy. */
export function causeLines(
  { hosts, says, paths, said, remedy }: NfsCause,
  show: { readonly paint: Paint; readonly said: boolean },
): string[] {
  const isTold = paths.every((path) => says.includes(path));
  const lines = said.flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '');
  return [
    show.paint('yellow', `${hosts.join(', ')}: ${says}`),
    ...(isTold ? [] : [`    about ${paths.join(', ')}`]),
    ...(show.said ? lines.map((line) => `    | ${line}`) : []),
    `    ${remedy}`,
  ];
}
