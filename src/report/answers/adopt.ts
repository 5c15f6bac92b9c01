import type { Adopted } from '../../answers/cluster.ts';

export const adoptText = ({ stateFolder, masters, files, tokens, issued, revoked, users }: Adopted): string =>
  [
    files.length === 0
      ? `${stateFolder} had all its keys.`
      : `Restored ${files.length} files of keys and certificates from ${masters.join(', ')} to ${stateFolder}.`,
    ...(tokens === 0 ? [] : [`Restored the tokens of ${tokens} users.`]),
    ...(issued.length === 0
      ? []
      : [
          `Restored users, by their rights and tokens: ${issued.join(', ')}. Their certificates stay valid; new ones are in users/.`,
        ]),
    ...(revoked.length === 0 ? [] : [`Taken over that these are revoked: ${revoked.join(', ')}.`]),
    ...(users.length === 0
      ? []
      : ['Users of the inventory got new keys and certificates; the old ones stay valid.']),
    'Not on any host, and so not restored: keys of users, and the groups of those with a certificate.',
    'k8s-bootstrap up should find nothing to change.',
    '',
  ].join('\n');
