import type { Unlocked } from '../../answers/hosts.ts';

export function unlockText({ held, taken, notAsked }: Unlocked): string {
  const free = notAsked.length === 0 ? 'any host' : 'the hosts that could be asked';
  return [
    ...held.map(({ host, by }) => `${host}: ${taken.includes(host) ? 'taken from' : 'held by'} ${by}`),
    ...taken.filter((host) => !held.some((one) => one.host === host)).map((host) => `${host}: taken as well`),
    held.length === 0 ? `No run holds the lock of ${free}.` : '',
    taken.length === 0 ? '' : 'That run begins no further step, and ends with E_LOCK_LOST.',
    notAsked.length === 0 ? '' : `Not asked: ${notAsked.join(', ')}.`,
  ]
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('');
}
