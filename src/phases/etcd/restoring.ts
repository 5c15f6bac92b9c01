import type { Host } from '../../inventory/types.ts';
import { users } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import type { Content, Step } from '../../resources/step.ts';
import { etcdData } from '../shared/data-folders.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
import { peerUrl } from './members.ts';
import { otherWal, settingAside } from './set-aside.ts';

/** All in the folder of user etcd is done as that user: where it writes, root does not. */
const asEtcd = sh`runuser -u ${users.etcd} --`;

const STEP_SECONDS = 3600;

/** Where data is made, and what of: beside that which is in use, so that it only has to change its name. */
const places = ({ inventory }: World): { folder: string; file: string } => {
  const folder = `${etcdData(inventory)}/restoring`;
  return { folder, file: `${folder}.db` };
};

/**
 * Brings a snapshot to a host and makes a member's data of it, beside the data that is in use: what can fail, fails
 * before anything is stopped. What an earlier attempt has left is removed, by the user whose it is.
 */
export function preparing(world: World, host: Host, snapshot: Content, token: string): Step {
  const { folder, file } = places(world);
  const wal = otherWal(world, host);
  const cluster = withRole(world, 'etcd').map((one) => `${one.name}=${peerUrl(one)}`);
  const options = [
    ...['--name', host.name, '--initial-cluster', cluster.join(','), '--initial-cluster-token', token],
    ...['--initial-advertise-peer-urls', peerUrl(host), '--data-dir', folder],
    ...(wal === undefined ? [] : ['--wal-dir', `${wal}.restoring`]),
  ];
  const leftOver = [folder, file, ...(wal === undefined ? [] : [`${wal}.restoring`])];
  return {
    op: 'run',
    title: 'make the data of a member from the snapshot',
    stdin: snapshot,
    seconds: STEP_SECONDS,
    script: `cd /
${room(world, snapshot.size)}
${asEtcd} rm -rf -- ${leftOver.map(quote).join(' ')}
${asEtcd} sh -c 'umask 077; cat > "$1"' sh ${quote(file)}
sum=$(${asEtcd} sha256sum -- ${quote(file)})
[ "\${sum%% *}" = ${quote(snapshot.sha256)} ] || { echo "the snapshot arrived as \${sum%% *}"; exit 65; }
${asEtcd} env ETCDCTL_API=3 etcdctl snapshot restore ${[file, ...options].map(quote).join(' ')}
${asEtcd} rm -f -- ${quote(file)}
sync`,
  };
}

/** The snapshot and a database of it lie beside that which is in use, which could not write its log on a full disk. */
function room({ inventory }: World, bytes: number): string {
  const data = etcdData(inventory);
  const needed = quote(`${Math.ceil((bytes * 2.5) / 1024)}`);
  return (
    sh`free=$(df -Pk ${data} | { read -r _; read -r _ _ _ free _; echo "$free"; })` +
    `\n[ "$free" -gt ${needed} ] || { echo "$free KiB are free there, and" ${needed} are needed; exit 1; }`
  );
}

/** Puts the data that was prepared in the place of that which was in use, which is kept beside it. */
export function swapping(world: World, host: Host, stamp: string): Step[] {
  const { folder } = places(world);
  const wal = otherWal(world, host);
  const moves = [
    [`${folder}/member`, `${etcdData(world.inventory)}/member`],
    ...(wal === undefined ? [] : [[`${wal}.restoring`, wal]]),
  ].map(([from = '', to = '']) => `${asEtcd} mv -T -- ${quote(from)} ${quote(to)}`);
  const script = ['cd /', ...moves, `${asEtcd} rm -rf -- ${quote(folder)}`, 'sync'].join('\n');
  return [
    settingAside(world, host, stamp),
    { op: 'run', title: 'put the data from the snapshot in its place', script },
  ];
}
