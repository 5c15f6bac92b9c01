import { paths } from '../../../kernel/host-paths.ts';
import { HERE, etcdctl } from '../../../phases/etcd/etcdctl.ts';
import { PATH_LINE } from '../../../probe/probe.ts';

const FOLDER = `${paths.state}/etcd-snapshot`;

/**
 * A snapshot of the member on the host: its SHA-256 and size on a line, what etcdctl says of it on the next, then its
 * bytes. It lies in a folder of root's alone, and no longer than the script runs; what a power cut has left of an
 * earlier one goes with the next.
 */
export const snapshotScript = `
${PATH_LINE}
umask 077
find ${paths.state} -maxdepth 1 -name 'etcd-snapshot.*' -mmin +1440 -exec rm -rf -- {} + 2>/dev/null
d=$(mktemp -d ${FOLDER}.XXXXXX) || exit 1
trap 'rm -rf -- "$d"' EXIT
trap 'exit 129' HUP INT TERM PIPE
${etcdctl([HERE])} snapshot save "$d/db" >&2 || exit 1
${etcdctl([HERE])} snapshot status "$d/db" -w json > "$d/status" || exit 1
sum=$(sha256sum < "$d/db") || exit 1
printf '%s %s\\n' "\${sum%% *}" "$(stat -c %s -- "$d/db")"
head -n 1 "$d/status"
cat -- "$d/db"
`.trim();
