import type { Host } from '../../inventory/types.ts';
import { paths, users } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import type { Content, Step } from '../../resources/step.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
import { peerUrl, walFolder } from './members.ts';
import { settingAside } from './set-aside.ts';

/** All in the folder of user etcd is done as that user: where it writes, root does not. */
const asEtcd = sh`runuser -u ${users.etcd} --`;

const FOLDER = `${paths.etcdData}/restoring`;
const SNAPSHOT = `${FOLDER}.db`;
const STEP_SECONDS = 3600;

/**
 * Brings a snapshot to a host and makes a member's data of it, beside the data that is in use: what can fail, fails
 * before anything is stopped. What an earlier attempt has left is removed, by the user whose it is.
 */
export function preparing(world: World, host: Host, snapshot: Content, token: string): Step {
  const wal = otherWal(world, host);
  const cluster = withRole(world, 'etcd').map((one) => `${one.name}=${peerUrl(one)}`);
  const options = [
    ...['--name', host.name, '--initial-cluster', cluster.join(','), '--initial-cluster-token', token],
    ...['--initial-advertise-peer-urls', peerUrl(host), '--data-dir', FOLDER],
    ...(wal === undefined ? [] : ['--wal-dir', `${wal}.restoring`]),
  ];
  const leftOver = [FOLDER, SNAPSHOT, ...(wal === undefined ? [] : [`${wal}.restoring`])];
  return {
    op: 'run',
    title: 'make the data of a member from the snapshot',
    stdin: snapshot,
    seconds: STEP_SECONDS,
    script: `cd /
${asEtcd} rm -rf -- ${leftOver.map(quote).join(' ')}
${asEtcd} sh -c 'umask 077; cat > "$1"' sh ${quote(SNAPSHOT)}
sum=$(${asEtcd} sha256sum -- ${quote(SNAPSHOT)})
[ "\${sum%% *}" = ${quote(snapshot.sha256)} ] || { echo "the snapshot arrived as \${sum%% *}"; exit 65; }
${asEtcd} env ETCDCTL_API=3 etcdctl snapshot restore ${[SNAPSHOT, ...options].map(quote).join(' ')}
${asEtcd} rm -f -- ${quote(SNAPSHOT)}
sync`,
  };
}

/** Puts the data that was prepared in the place of that which was in use, which is kept beside it. */
export function swapping(world: World, host: Host, stamp: string): Step[] {
  const wal = otherWal(world, host);
  const moves = [
    [`${FOLDER}/member`, `${paths.etcdData}/member`],
    ...(wal === undefined ? [] : [[`${wal}.restoring`, wal]]),
  ].map(([from = '', to = '']) => `${asEtcd} mv -T -- ${quote(from)} ${quote(to)}`);
  const script = ['cd /', ...moves, `${asEtcd} rm -rf -- ${quote(FOLDER)}`, 'sync'].join('\n');
  return [
    settingAside(world, host, stamp),
    { op: 'run', title: 'put the data from the snapshot in its place', script },
  ];
}

/** Where etcd keeps its log when that is not within its data. */
function otherWal(world: World, host: Host): string | undefined {
  const wal = walFolder(world, host);
  return wal.startsWith(`${paths.etcdData}/member/`) ? undefined : wal;
}
