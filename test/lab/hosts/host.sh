# shellcheck shell=bash
# One host: its disk, its start and its end. Sourced.

# A new disk is a new machine: other host keys, another machine id.
make_disk() {
  local host=$1 disk type file
  disk=$(host_disk "$host")
  [[ -d $disk/upper ]] && return
  rm -rf --one-file-system "$disk"
  mkdir -p "$disk/work" "$disk/new/etc/ssh"
  mkdir -p "$disk/plain"
  if is_virtual "$host"; then
    ln -s "$(vm_image_dir)" "$disk/image"
    qemu-img create -q -f qcow2 -F raw -b "$(vm_image_dir)/root.img" "$disk/plain/root.qcow2"
  else
    # Container runtimes make overlay mounts under /var/lib, and overlayfs does not stack on overlayfs. All of /var/lib
    # is one plain directory, and not each runtime's, so that a host can remove those as on any machine.
    cp -a "$(rootfs_dir)/var/lib" "$disk/plain/lib"
  fi
  for type in rsa ecdsa ed25519; do
    ssh-keygen -q -t "$type" -N '' -C "root@$host" -f "$disk/new/etc/ssh/ssh_host_${type}_key"
  done
  tr -d - </proc/sys/kernel/random/uuid >"$disk/new/etc/machine-id"
  echo "$host" >"$disk/new/etc/hostname"
  printf 'LAB_ADDRESS=%s\nLAB_GATEWAY=%s\n' "$(host_address "$host")" "$LAB_GATEWAY" >"$disk/new/etc/lab-network"
  # The root names the first lab's mirror and gateway.
  mkdir -p "$disk/new/etc/yum.repos.d"
  for file in etc/yum.repos.d/lab.repo etc/resolv.conf; do
    sed "s/198\.18\.0\./$LAB_NET./" "$(rootfs_dir)/$file" >"$disk/new/$file"
  done
  # A disk stays with the root that it was made on, also when the recipe has changed since.
  ln -s "$(rootfs_dir)" "$disk/rootfs"
  # The name that says "complete" comes last.
  mv "$disk/new" "$disk/upper"
}

# At each start: the key lives in /run, and is another one after a reboot of the machine.
let_in() {
  local disk home
  disk=$(host_disk "$1")
  for home in /root /home/ops; do give_key "$disk/rootfs$home" "$disk/upper$home"; done
}

give_key() {
  local model=$1 home=$2
  mkdir -p "$home/.ssh"
  # A directory in the overlay's upper layer hides the owner and mode of the one below.
  chown --reference="$model" "$home" && chmod --reference="$model" "$home"
  touch "$home/.ssh/authorized_keys"
  grep -qxFf "$K8SB_LAB_RUN/id_ed25519.pub" "$home/.ssh/authorized_keys" ||
    cat "$K8SB_LAB_RUN/id_ed25519.pub" >>"$home/.ssh/authorized_keys"
  chown -R --reference="$model" "$home/.ssh" && chmod 700 "$home/.ssh"
}

# For strict checking by whoever connects to the hosts.
write_known_hosts() {
  local host key
  for host in $(existing_hosts); do
    for key in "$(host_disk "$host")"/upper/etc/ssh/ssh_host_*_key.pub; do
      if [[ -e $key ]]; then printf '%s,%s %s\n' "$host" "$(host_address "$host")" "$(cut -d' ' -f1,2 "$key")"; fi
    done
  done >"$K8SB_LAB_RUN/known_hosts.new"
  mv "$K8SB_LAB_RUN/known_hosts.new" "$K8SB_LAB_RUN/known_hosts"
}

host_running() { [[ -n $(host_pids "$1") ]]; }

start_host() {
  local host=$1 dir disk
  host_running "$host" && return
  dir=$(host_dir "$host") disk=$(host_disk "$host")
  [[ -d $disk/rootfs/etc ]] || die "the root file system under $host's disk is gone from the cache; use: wipe $host"
  is_virtual "$host" && [[ ! -d $disk/image/. ]] && die "the image under $host's disk is gone from the cache; use: wipe $host"
  mkdir -p "$dir"
  let_in "$host"
  # The kernel takes its time with the network of a host that was killed; its cable must be gone.
  in_ns ip link del "vb-$host" 2>/dev/null || true
  if is_virtual "$host"; then plug_in "$host"; fi
  # fd 9 is the lock of lab.sh: a host that outlives this command must not hold it.
  (
    enter_cgroups "$host"
    mapfile -t run < <(host_command "$host")
    exec setsid nsenter --net="/run/netns/$LAB_NS" -- "${run[@]}"
  ) </dev/null >"$dir/console.log" 2>&1 9>&- &
}

# What runs the host until its end, one word a line.
host_command() {
  local host=$1 dir disk
  dir=$(host_dir "$host") disk=$(host_disk "$host")
  if is_virtual "$host"; then
    printf '%s\n' "$LAB_HERE/hosts/vm.sh" "$host" "$disk" "$dir/seed.tar" "vb-$host"
  else
    printf '%s\n' unshare --mount --propagation private -- \
      "$LAB_HERE/hosts/nspawn.sh" "$host" "$disk" "$dir/root" "$(kernel_modules)" "$LAB_BRIDGE"
  fi
}

# A virtual machine's cable, and its second disk: what other hosts have in their overlay.
plug_in() {
  in_ns ip tuntap add dev "vb-$1" mode tap
  in_ns ip link set "vb-$1" master "$LAB_BRIDGE" up
  tar -C "$(host_disk "$1")/upper" -cf "$(host_dir "$1")/seed.tar" .
}

# As if the plug was pulled: everything in the host's groups dies at once, its disk stays.
stop_host() {
  local host=$1 pids tries
  for ((tries = 0; tries < 50; tries++)); do
    mapfile -t pids < <(host_pids "$host")
    ((${#pids[@]} == 0)) && break
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.1
  done
  host_running "$host" && die "$host does not die: pids $(host_pids "$host" | paste -sd' ')"
  leave_cgroups "$host"
}

remove_host() {
  stop_host "$1"
  rm -rf --one-file-system "$(host_dir "$1")" "$(host_disk "$1")"
}

wait_for_ssh() {
  local host=$1 seconds=$LAB_BOOT_SECONDS deadline
  # Emulation shares the processors with everything else that runs.
  if is_virtual "$host"; then seconds=$((3 * seconds)); fi
  deadline=$((SECONDS + seconds))
  until lab_ssh "$host" true 2>/dev/null; do
    host_running "$host" || die "$host stopped while booting, see $(host_dir "$host")/console.log"
    ((SECONDS < deadline)) ||
      die "$host: no ssh on $(host_address "$host") after $seconds s, see $(host_dir "$host")/console.log"
    sleep 0.3
  done
}
