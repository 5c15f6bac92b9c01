import type { Host } from '../../inventory/types.ts';
import { quote } from '../../kernel/quote.ts';
import { BY_ROOT } from '../../resources/steps/into.ts';
import type { Step } from '../../resources/step.ts';
import { etcdData } from '../shared/data-folders.ts';
import type { World } from '../phase.ts';
import { walFolder } from './members.ts';

/** Folders with the data of a member; what makes it one, comes last. */
const dataFolders = (world: World, host: Host): string[] => {
  const wal = otherWal(world, host);
  return [`${etcdData(world.inventory)}/member`, ...(wal === undefined ? [] : [wal])];
};

/** Where etcd keeps its log when that is not within its data. */
export function otherWal(world: World, host: Host): string | undefined {
  const wal = walFolder(world, host);
  return wal.startsWith(`${etcdData(world.inventory)}/member/`) ? undefined : wal;
}

export const asideName = (folder: string, stamp: string): string => `${folder}.set-aside.${stamp}`;

/** Where the data of a member lies when it has been set aside. */
export const asidePaths = (world: World, host: Host, stamp: string): string[] =>
  dataFolders(world, host).map((folder) => asideName(folder, stamp));

/**
 * Puts the data of a member aside, under another name in the same folder, so that it costs no room and no time. What
 * is not there is no error: a step that was cut short is done again. The folder is user etcd's, who could have put
 * links in it: names are changed in it and nothing is followed.
 */
export const settingAside = (world: World, host: Host, stamp: string): Step => ({
  op: 'run',
  title: 'set the data of the member aside',
  script: [
    BY_ROOT,
    `set_aside() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  folder=$(where_is "\${1%/*}")
  into "$folder"
  [ ! -e "./$2" ] && [ ! -L "./$2" ] || { echo "$folder/$2 is there already"; exit 1; }
  mv -T -- "./\${1##*/}" "./$2"
}`,
    ...dataFolders(world, host).map(
      (folder) =>
        `( set_aside ${quote(folder)} ${quote(asideName(folder, stamp).slice(folder.lastIndexOf('/') + 1))} )`,
    ),
    'sync',
  ].join('\n'),
});
