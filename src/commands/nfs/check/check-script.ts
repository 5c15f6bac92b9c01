import type { Nfs } from '../../../inventory/types.ts';
import { sh } from '../../../kernel/quote.ts';
import { EXISTING } from '../existing.ts';
import { prelude } from '../frames.ts';
import { type Server, type Target, mountSource } from '../targets.ts';

/** What to look at on one host. */
export interface Task {
  /** Its own exports, when it is a server. */
  readonly serves: readonly Target[];
  /** What it mounts, when it is a node. */
  readonly mounts: readonly Target[];
}

/**
 * One script for all checks of a host, each step with a time limit. It leaves nothing behind: what it mounts is in a
 * folder of its own under /run and is detached when it ends, at the latest. Folders are removed by `rmdir` and files by
 * name, so that nothing of a mount that would not go away can be lost.
 * @param nonce of this host alone: it is in the name of the file that is written
 */
export const checkScript = ({ serves, mounts }: Task, nfs: Nfs, nonce: string): string =>
  [
    prelude(nonce),
    FUNCTIONS,
    ...(serves.length > 0 ? onServer(serves, nfs) : []),
    ...(mounts.length > 0 ? onNode(mounts, nfs) : []),
  ].join('\n');

/** Seconds that such a script takes when every step hangs, and somewhat more. */
export const longest = ({ serves, mounts }: Task): number =>
  180 + 10 * serves.length + 60 * serversAmong(mounts).length + 150 * mounts.length;

/** How the file of a check begins. */
export const CHECK_FILE = '.k8s-bootstrap-check-';

const FUNCTIONS = `M=$D/mnt
F=
mkdir "$M" || exit 70
attached() {
  while read -r _ at _; do [ "$at" != "$M" ] || return 0; done </proc/mounts
  return 1
}
detach() { ! attached || timeout -k 2 15 umount "$M" || umount -l "$M"; }
clean() {
  if attached; then
    [ -z "$F" ] || timeout -k 2 10 rm -f -- "$F"
    detach
  fi >/dev/null 2>&1
  rm -f -- "$D/out"
  rmdir -- "$M" "$D"
}
dial() { step "$1" 8 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3"; }
try() {
  if ! step "$1.mount" 40 mount -t nfs -o "$3" "$2" "$M"; then
    detach >/dev/null 2>&1
    return
  fi
  while read -r _ at _ options _; do [ "$at" != "$M" ] || echo "$options"; done </proc/mounts >"$D/out"
  tell "$1.options" 0 0
  F=$M/${CHECK_FILE}$N
  if step "$1.write" 20 sh -c 'printf %s "$0" | dd of="$1" conv=fsync' "$N" "$F"; then
    step "$1.owner" 10 stat -c %u "$F"
    step "$1.read" 20 sh -c 'dd if="$0" iflag=direct 2>/dev/null || cat "$0"' "$F"
    step "$1.delete" 10 rm -- "$F"
  else
    timeout -k 2 10 rm -f -- "$F" >/dev/null 2>&1
  fi
  step "$1.unmount" 15 umount "$M" || detach >/dev/null 2>&1
  F=
}`;

function onServer(serves: readonly Target[], { protocol, ports }: Nfs): string[] {
  const own = '127.0.0.1';
  const helpers = [
    sh`dial self.dial-rpcbind ${own} 111`,
    sh`dial self.dial-mountd ${own} ${ports.mountd}`,
    sh`step self.registered 10 rpcinfo -p ${own}`,
    sh`step self.list 20 showmount -e ${own}`,
  ];
  return [
    ...(protocol === 'all' ? helpers : []),
    sh`dial self.dial-nfs ${own} 2049`,
    sh`step self.services 5 systemctl is-active ${unitsOf(protocol)}`,
    'step self.table 5 cat /var/lib/nfs/etab',
    ...serves.map(({ id, entry }) => sh`step ${`e${id}.folder`} 5 test -d ${entry.path}`),
  ];
}

/** rpcbind is started by its socket at the latest when it was dialled. */
export const unitsOf = (protocol: Nfs['protocol']): readonly string[] => [
  ...(protocol === 'all' ? ['rpcbind.service'] : []),
  'nfs-server.service',
];

function onNode(mounts: readonly Target[], nfs: Nfs): string[] {
  return [
    EXISTING,
    `if step tools 5 sh -c 'command -v mount.nfs'; then`,
    ...serversAmong(mounts).flatMap((server) => [
      ...(nfs.protocol === 'all' ? helpersOf(server, nfs) : []),
      sh`if dial ${`s${server.id}.dial-nfs`} ${server.address} 2049; then`,
      ...mounts
        .filter((target) => target.server.id === server.id)
        .map(({ id, entry, options }) => sh`try ${`e${id}`} ${mountSource(server, entry.path)} ${options}`),
      'fi',
    ]),
    'fi',
  ];
}

/** mountd of an outside server may have any port; showmount finds it. */
const helpersOf = ({ id, address, host }: Server, { ports }: Nfs): string[] => [
  sh`if dial ${`s${id}.dial-rpcbind`} ${address} 111; then`,
  ...(host === undefined ? [] : [sh`dial ${`s${id}.dial-mountd`} ${address} ${ports.mountd} &&`]),
  sh`step ${`s${id}.list`} 20 showmount -e ${address}`,
  'fi',
];

const serversAmong = (mounts: readonly Target[]): Server[] => [
  ...new Map(mounts.map(({ server }) => [server.id, server])).values(),
];
