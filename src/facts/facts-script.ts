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

/**
 * Routes to pods are compared with their table where they are: of thousands, only what differs is worth telling, and of
 * that the first few.
 */
const POD_ROUTES = `
part == "table" { if ($1 ~ /^[0-9]/) wanted[$1] = $2; next }
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
 * they do, because forks are what this costs.
 */
export const factsScript = `
exec 2>/dev/null
PATH=/usr/sbin:/usr/bin:/sbin:/bin
say() { printf '== %s %s\\n' "$1" "$2"; }
say clock "$(date +%s.%N)"
ID= ID_LIKE= VERSION_ID= PRETTY_NAME=
[ ! -r /etc/os-release ] || . /etc/os-release
say id "$ID"; say like "$ID_LIKE"; say version "$VERSION_ID"; say pretty "$PRETTY_NAME"
for f in yum dnf apt-get; do [ ! -x "/usr/bin/$f" ] || say manager "$f"; done
say uname "$(uname -nrm)"
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
for f in ${MARKS.join(' ')}; do [ ! -e "$f" ] || say mark "$f"; done
say disk; df -Pk /var/lib
say network; T=/dev/null; [ ! -f ${paths.podRoutes} ] || T=${paths.podRoutes}
printf 'addr show\\nroute show\\n' | ip -o -4 -batch - | awk '${POD_ROUTES}' part=table "$T" part=kernel -
say listening; ss -ltnp
say cni; [ ! -f ${paths.cniConfig}/10-bridge.conflist ] || while read -r line || [ -n "$line" ]; do
  case $line in *'"subnet"'*) printf '%s\\n' "$line" ;; esac
done < ${paths.cniConfig}/10-bridge.conflist
say docker; [ ! -x /usr/bin/dockerd ] || grep -hsE '^[^#]*--[a-z]' ${DOCKER_OPTIONS.join(' ')}
say deadRepos; grep -lsE '^[[:space:]]*(mirrorlist|baseurl)=https?://mirror(list)?[.]centos[.]org' /etc/yum.repos.d/*.repo
:`.trim();
