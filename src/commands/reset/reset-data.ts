import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { asidePaths, otherWal } from '../../phases/etcd/set-aside.ts';
import { exportsOf } from '../../phases/nfs/server.ts';
import type { World } from '../../phases/phase.ts';
import { etcdData } from '../../phases/shared/data-folders.ts';
import { BY_ROOT } from '../../resources/steps/into.ts';
import { deleteScript } from '../nfs/remove/remove-script.ts';
import { LEAVING } from './scripts/files.ts';

/** Where data lies afterwards that nobody takes away without being asked. */
export const keptData = (world: World, host: Host, stamp: string): readonly string[] => [
  ...(host.roles.includes('etcd') ? [...asidePaths(world, host, stamp), paths.etcdBackups] : []),
  ...exportsOf(world, host).map(({ path }) => path),
];

/** Of a member what is its own, whatever else lies there; of what is exported the folder. */
export const deletingData = (world: World, host: Host): string =>
  [
    LEAVING,
    ...(host.roles.includes('etcd')
      ? [
          BY_ROOT,
          DELETING,
          sh`each_of_members ${[etcdData(world.inventory), otherWal(world, host) ?? []].flat()}`,
          ...besides(otherWal(world, host)),
          sh`rm -rf --one-file-system -- ${paths.etcdBackups}`,
        ]
      : []),
    ...exportsOf(world, host).map(
      ({ path }) =>
        `[ ! -e ${quote(path)} ] || (\n${deleteScript(path)}\n) || left ${quote(`${path} was not deleted: it, or what is above it, is a mount point, a link or open to others`)}`,
    ),
  ].join('\n');

/** Names in folders that user etcd may change: a link in the place of one of them leads nowhere. */
const DELETING = `each_of_members() {
  for d; do
    [ -d "$d" ] || continue
    ( inside "$(where_is "$d")"
      find . -xdev -mindepth 1 -maxdepth 1 \\( -name member -o -name 'member.set-aside.*' -o -name 'restoring*' -o -name wal -o -name '*.wal' -o -name '*.snap' \\) -exec rm -rf --one-file-system -- {} +
    ) || left "what etcd has in $d was not deleted: a link of others leads there"
  done
}`;

/** What restores and resets have left beside a log that has a place of its own. */
const besides = (wal: string | undefined): string[] =>
  wal === undefined
    ? []
    : [
        sh`wal=${wal}`,
        `[ ! -d "\${wal%/*}" ] || ( inside "$(where_is "\${wal%/*}")"; rm -rf --one-file-system -- "./\${wal##*/}".set-aside.* "./\${wal##*/}.restoring" ) || left "what is beside $wal was not deleted: a link of others leads there"`,
      ];
