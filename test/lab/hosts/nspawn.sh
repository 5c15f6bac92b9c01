#!/bin/bash
# Runs the container of one host. Called inside the host's cgroups, the lab's network namespace and a mount
# namespace of its own: the host's disk is mounted nowhere else, and its mounts end with it, however it ends.
set -euo pipefail

host=$1 disk=$2 root=$3 modules=$4 bridge=$5

# nspawn's own scratch directory: it refuses to clean one up that is on a disk.
mkdir -p "$root" /run/systemd/nspawn
mount -t tmpfs lab-nspawn /run/systemd/nspawn
mount -t overlay "lab-$host" -o "lowerdir=$(readlink "$disk/rootfs"),upperdir=$disk/upper,workdir=$disk/work" "$root"

binds=("--bind=$disk/plain/lib:/var/lib")
# kubelet watches it for out-of-memory kills.
binds+=(--bind=/dev/kmsg)
[[ -d $modules ]] && binds+=("--bind-ro=$modules:/lib/modules")
# kubelet and runtimes write to /proc/sys and /sys, as root of a machine would.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=1
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0
# /tmp is on disk, as on CentOS 7: nothing that is put there counts as memory.
export SYSTEMD_NSPAWN_TMPFS_TMP=0
# 133 says that the host reboots; starting it again is left to whoever started it.
status=133
while ((status == 133)); do
  status=0
  systemd-nspawn --quiet --boot --directory="$root" --machine="$host" --hostname="$host" \
    --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off --console=pipe \
    --network-bridge="$bridge" --capability=all --system-call-filter=@known "${binds[@]}" ||
    status=$?
done
exit "$status"
