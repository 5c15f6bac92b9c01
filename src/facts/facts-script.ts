import { COMPONENTS } from '../kernel/components.ts';
import { POD_ROUTE_PROTOCOL, paths } from '../kernel/host-paths.ts';

/** Signs of a cluster that somebody else made: kubeadm's files, units of the same names, an etcd's data. */
const MARKS = [
  `${paths.kubernetes}/manifests/kube-apiserver.yaml`,
  `${paths.kubelet}/kubeadm-flags.env`,
  `${paths.unitFolder}/kubelet.service.d/10-kubeadm.conf`,
  '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf',
  ...[...COMPONENTS, 'k3s', 'k3s-agent', 'rke2-server', 'rke2-agent'].map(
    (name) => `${paths.unitFolder}/${name}.service`,
  ),
  `${paths.etcdData}/member`,
];

/** What a runtime takes for configurations of a network, hidden ones too. */
const CNI_CONFIGS = ['', '.'].flatMap((start) =>
  ['conf', 'conflist', 'json'].map((end) => `${paths.cniConfig}/${start}*.${end}`),
);

/** What no plain name of a file has. */
const ODD = '[!A-Za-z0-9._@:+?-]';

/** Where options of dockerd are written besides daemon.json, on all families. */
const DOCKER_OPTIONS = [
  '/usr/lib/systemd/system/docker.service',
  '/lib/systemd/system/docker.service',
  '/etc/systemd/system/docker.service',
  '/etc/systemd/system/docker.service.d/*.conf',
  '/etc/sysconfig/docker',
  '/etc/sysconfig/docker-storage',
  '/etc/sysconfig/docker-network',
  '/etc/default/docker',
];

/** Whom systemd-resolved asks, where /etc/resolv.conf names but itself. */
export const RESOLVED = '/run/systemd/resolve/resolv.conf';

/** A file of the probe with what `ip` says of addresses and routes; questions that come later may read it, too. */
export const NETWORK = '"$D.network"';

/**
 * One awk for all that takes more than the shell's own `read`. Routes to pods are compared with their table where they
 * are: of thousands, only what differs is worth telling, and of that the first few.
 */
const READING = `
part == "table" { if ($1 ~ /^[0-9]/) wanted[$1] = $2; next }
part == "arch" { machine = $1; next }
part == "name" { print "== uname " $1 " " kernel " " machine; next }
part != told { print "== " part; told = part }
part == "docker" { if (/^[^#]*--[a-z]/) print; next }
part == "deadRepos" {
  if (/^[ \\t]*(mirrorlist|baseurl)=https?:\\/\\/mirror(list)?[.]centos[.]org/ && !(FILENAME in dead)) { dead[FILENAME]; print FILENAME }
  next
}
$3 == "inet" { split($4, at, "/"); own[at[1]] }
/ proto ${POD_ROUTE_PROTOCOL}( |$)/ { found[$1] = $3; next }
{ print }
END {
  for (to in wanted) if (!(wanted[to] in own) && found[to] != wanted[to] && ++n <= 3)
    print "== podRoute the route to " to " via " wanted[to] " is missing"
  for (to in found) if ((!(to in wanted) || wanted[to] in own) && ++m <= 3)
    print "== podRoute the route to " to " leads nowhere"
  if (n + m > 6) print "== podRoute and more"
}`.trim();

/**
 * Prints `== key value` lines; what is longer follows its line. The shell's own `read` and tests are used where
 * they do, because forks are what this costs. So the machine is told by the kernel's release, where that names it, or by
 * kernels since 6.1 themselves, before uname is asked.
 */
export const factsScript = `
say() { printf '== %s %s\\n' "$1" "$2"; }
{
while IFS= read -r line || [ -n "$line" ]; do
  key=
  case $line in ID=*) key=id ;; ID_LIKE=*) key=like ;; VERSION_ID=*) key=version ;; PRETTY_NAME=*) key=pretty ;; esac
  line=\${line#*=}
  case $line in
    \\"*) line=\${line#?}; line=\${line%%\\"*} ;;
    \\'*) line=\${line#?}; line=\${line%%\\'*} ;;
    *) line=\${line%%[[:space:]]*} ;;
  esac
  [ -z "$key" ] || say "$key" "$line"
done < /etc/os-release
f=dpkg-query; [ ! -f /etc/redhat-release ] && [ ! -f /etc/openEuler-release ] || f=rpm
for f in "$f" awk curl getent sed sha256sum stat systemctl; do command -v "$f" > /dev/null || say missing "$f"; done
for f in yum dnf apt-get; do [ ! -x "/usr/bin/$f" ] || say manager "$f"; done
line=; read -r line < /etc/hostname; say etcHostname "$line"
line=; read -r line < /etc/machine-id; say machineId "$line"
line=; read -r line < /proc/cmdline; say cmdline "$line"
line=; read -r line < /sys/devices/system/cpu/online; say cpus "$line"
read -r key line < /proc/meminfo; say memory "$line"
while read -r dev key; do [ "$dev" = Filename ] || say swap "$dev"; done < /proc/swaps
while read -r dev key type line || [ -n "$dev" ]; do
  case $dev in '#'*) ;; *) [ "$type" != swap ] || say swapAtBoot "$dev" ;; esac
done < /etc/fstab
for f in /etc/systemd/system/*.wants/*.swap; do [ ! -L "$f" ] || say swapUnit "\${f##*/}"; done
line=; read -r line < /sys/fs/selinux/enforce; say selinux "$line"
while read -r line; do case $line in SELINUX=*) say selinuxAtBoot "\${line#*=}" ;; esac; done < /etc/selinux/config
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || say cgroup unified
[ ! -d /sys/fs/cgroup/unified ] || say cgroup hybrid
[ ! -d /sys/fs/cgroup/memory ] || say cgroup memory
[ ! -r ${paths.cluster} ] || while read -r key line; do say "cluster.$key" "$line"; done < ${paths.cluster}
if [ -e ${paths.lockOwner} ] && ! flock -n ${paths.lock} true; then line=; read -r line < ${paths.lockOwner}; say workedOnBy "$line"; fi
for f in ${MARKS.join(' ')}; do [ ! -e "$f" ] || say mark "$f"; done
for f in ${CNI_CONFIGS.join(' ')}; do
  [ -f "$f" ] || continue
  line=\${f##*/}
  while :; do
    case $line in *${ODD}*) line=\${line%%${ODD}*}?\${line#*${ODD}} ;; *) break ;; esac
  done
  say cniConfig "\${f%/*}/$line"
done
say cni; [ ! -f ${paths.cniBridge} ] || while read -r line || [ -n "$line" ]; do
  case $line in *'"subnet"'*) printf '%s\\n' "$line" ;; esac
done < ${paths.cniBridge}
while read -r key line; do [ "$key" != nameserver ] || say nameserver "$line"; done < /etc/resolv.conf
while read -r key line; do [ "$key" != nameserver ] || say resolved "$line"; done < ${RESOLVED}
for f in /sys/class/net/*; do
  case $f in */veth*) ;; *) line=; read -r line < "$f/mtu"; say mtu "\${f##*/} $line" ;; esac
done
say disk; df -Pk /var/lib
say listening; ss -ltnp
read -r key key kernel line < /proc/version
set --
case $kernel in
  *.x86_64 | *-amd64) machine=x86_64 ;;
  *.aarch64 | *-arm64) machine=aarch64 ;;
  *) if [ -r /proc/sys/kernel/arch ]; then set -- part=arch /proc/sys/kernel/arch; else machine=$(uname -m); fi ;;
esac
printf 'addr show\\nroute show\\n' > "$D.ip"
ip -o -4 -batch "$D.ip" > ${NETWORK}
set -- "$@" part=name /proc/sys/kernel/hostname part=network ${NETWORK}
[ ! -f ${paths.podRoutes} ] || set -- part=table ${paths.podRoutes} "$@"
set -- "$@" part=docker
[ ! -x /usr/bin/dockerd ] || for f in ${DOCKER_OPTIONS.join(' ')}; do [ ! -f "$f" ] || set -- "$@" "$f"; done
set -- "$@" part=deadRepos
for f in /etc/yum.repos.d/*.repo; do [ ! -f "$f" ] || set -- "$@" "$f"; done
awk -v kernel="$kernel" -v machine="$machine" '${READING}' "$@"
} 2>/dev/null`.trim();
