import { quote } from '../../../kernel/quote.ts';
import { paths } from '../../../kernel/host-paths.ts';

/** What kubelet 1.16 makes in its folder; all else there is ours by the manifest, or somebody's. */
const IN_KUBELET = [
  'pods',
  'plugins',
  'plugins_registry',
  'pod-resources',
  'device-plugins',
  'plugin-containers',
  'cpu_manager_state',
];

/** What kubelet and the plugins of the pod network make elsewhere, and nobody else does. */
const ELSEWHERE = [
  '/var/lib/dockershim',
  '/var/log/pods',
  '/var/log/containers',
  '/var/lib/cni/networks/k8s-bootstrap',
  '/run/flannel/subnet.env',
  '/run/dockershim.sock',
];

/** Folders that are made on the way there; they go when nothing of others is in them. */
const ABOVE = [
  '/var/lib/cni/networks',
  '/var/lib/cni/results',
  '/var/lib/cni/cache/results',
  '/var/lib/cni/cache',
  '/var/lib/cni',
  '/run/flannel',
  '/usr/libexec/kubernetes/kubelet-plugins/volume/exec',
  '/usr/libexec/kubernetes/kubelet-plugins/volume',
  '/usr/libexec/kubernetes/kubelet-plugins',
  '/usr/libexec/kubernetes',
];

/** A cluster that somebody runs in containers has such cgroups below those of the containers. */
const NOT_OF_OTHERS =
  "! -path '*/docker/*/kubepods*' ! -path '*/docker-*/kubepods*' ! -path '*/libpod*/kubepods*'";

/**
 * Ends what runs in pods: by the cgroup that all of it is in, whatever the runtime says or has forgotten. The runtimes
 * are then told to forget the containers that are Kubernetes' own; the namespaces of networks that a sandbox of
 * containerd leaves behind are those that its containers name.
 */
export const endPods = `
of_pods() { find /sys/fs/cgroup -type f -name cgroup.procs \\( -path '*/kubepods/*' -o -path '*/kubepods.slice/*' \\) ${NOT_OF_OTHERS} -exec cat {} + 2>/dev/null | sort -un; }
i=0
while left=$(of_pods); [ -n "$left" ]; do
  [ $i -lt 20 ] || { echo "these processes of pods do not end:" $left; exit 1; }
  kill -9 $left 2>/dev/null || :
  i=$((i + 1))
  sleep 1
done
if command -v docker > /dev/null && docker info > /dev/null 2>&1; then
  for c in $(docker ps -aq --filter label=io.kubernetes.pod.uid); do docker rm -f -v "$c" > /dev/null 2>&1 || :; done
fi
if command -v ctr > /dev/null && [ -S ${paths.containerdSocket} ]; then
  for c in $(ctr -n k8s.io containers ls -q 2>/dev/null); do
    n=$(ctr -n k8s.io containers info "$c" | sed -n 's/.*"path": *"\\([^"]*\\/run\\/netns\\/cni-[^"/]*\\)".*/\\1/p' | head -n 1)
    ctr -n k8s.io tasks rm -f "$c" > /dev/null 2>&1 || :
    ctr -n k8s.io containers rm "$c" > /dev/null 2>&1 || :
    [ -z "$n" ] || { umount "$n" 2>/dev/null || :; rm -f -- "$n"; }
  done
  awk 'index($2, "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/") == 1 { print $2 }' /proc/mounts | sort -r |
    while IFS= read -r m; do umount -- "$m" || :; done
fi
find /sys/fs/cgroup -depth -type d \\( -path '*/kubepods' -o -path '*/kubepods/*' \\) ${NOT_OF_OTHERS} -exec rmdir {} + 2>/dev/null || :
[ ! -d /sys/fs/cgroup/systemd/kubepods.slice ] || systemctl stop kubepods.slice || :`.trim();

/**
 * Unmounts what kubelet has mounted, and removes what it and the plugins have made. Nothing is removed while anything is
 * mounted below: it could be the data of somebody's volume. A server that is away keeps no mount.
 * @param roots folders of kubelet
 */
export const withoutVolumes = (roots: readonly string[]): string =>
  `
below() { awk -v f="$1/" 'index($2, f) == 1 { print $2 }' /proc/mounts | sort -r; }
for root in ${roots.map(quote).join(' ')}; do
  [ -d "$root" ] || continue
  root=$(readlink -f -- "$root")
  below "$root" | sed 's/\\\\\\([0-7]\\{3\\}\\)/\\\\0\\1/g' | while IFS= read -r m; do
    m=$(printf '%b' "$m")
    timeout 20 umount -- "$m" 2>/dev/null || umount -l -- "$m"
  done
  [ -z "$(below "$root")" ] || { echo "these are still mounted:" $(below "$root"); exit 1; }
  for name in ${IN_KUBELET.join(' ')}; do rm -rf --one-file-system -- "$root/$name"; done
done
rm -rf --one-file-system -- ${ELSEWHERE.join(' ')}
for f in /var/lib/cni/results /var/lib/cni/cache/results; do rm -f -- $f/k8s-bootstrap-* $f/cni-loopback-*; done
rmdir -- ${ABOVE.join(' ')} 2>/dev/null || :`.trim();
