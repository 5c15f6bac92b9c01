#!/bin/bash
# Runs the virtual machine of one host, under emulation: called inside the host's cgroups and the lab's network
# namespace, and ends with the machine.
set -euo pipefail

host=$1 disk=$2 seed=$3 tap=$4

# The same for as long as the machine has its name.
mac=52:54:00:$(printf %s "$host" | sha256sum | sed -E 's/^(..)(..)(..).*/\1:\2:\3/')
# As few as possible of what emulation makes slow: mitigations, a randomized kernel, five levels of page tables.
# kubelet v1.16 knows only cgroup v1. The time comes from the processor's own counter (tsc): from a device, each look at
# the clock waits for the emulator's one lock.
words="root=/dev/nvme0n1 rw init=/usr/libexec/lab/init console=ttyS0 quiet net.ifnames=0 panic=5"
words+=" systemd.unified_cgroup_hierarchy=0 systemd.getty_auto=no mitigations=off nokaslr no5lvl tsc=reliable audit=0 apparmor=0 selinux=0"

# What the machine wrote survives it also when it is killed: it is then in this machine's page cache.
exec qemu-system-x86_64 -name "$host" -nodefaults -display none -serial stdio \
  -M q35 -accel tcg,thread=multi,tb-size=256 -cpu max,la57=off,svm=off -smp 2 -m 1536 \
  -kernel "$disk/image/vmlinuz" -append "$words" \
  -drive "if=none,id=root,file=$disk/plain/root.qcow2,format=qcow2,cache=unsafe" \
  -drive "if=none,id=seed,file=$seed,format=raw,cache=unsafe" \
  -device nvme,serial=lab -device nvme-ns,drive=root,nsid=1 -device nvme-ns,drive=seed,nsid=2 \
  -netdev "tap,id=net,ifname=$tap,script=no,downscript=no" -device "virtio-net-pci,netdev=net,mac=$mac,romfile="
