import type { NfsRemoval } from '../../answers/nfs.ts';

export const nfsRemoveText = ({ host, path, exported, deleted, problem }: NfsRemoval): string =>
  [
    exported
      ? `${host} still exports ${path}: a line in /etc/exports or beside our file has it, too.`
      : `${host} does not export ${path} any more.`,
    deleted
      ? 'Its folder and all files in it are deleted.'
      : problem === null
        ? `Its files are kept, in ${path} on ${host}.`
        : `Its files are not deleted: ${problem}.`,
    '',
  ].join('\n');
