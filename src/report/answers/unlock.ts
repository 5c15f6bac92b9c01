import type { Unlocked } from '../../answers/hosts.ts';

export const unlockText = ({ taken }: Unlocked): string =>
  taken.length === 0
    ? 'No run holds the lock of any host.\n'
    : `${taken.map(({ host, by }) => `${host}: taken from ${by}`).join('\n')}\nThat run ends with E_LOCK_LOST.\n`;
