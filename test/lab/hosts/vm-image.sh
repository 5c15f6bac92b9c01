# shellcheck shell=bash
# What virtual machines start from: Debian's own kernel, because the machine's may lack NFS and IPVS, and one image of
# the hosts' root with that kernel's modules. Sourced.

LAB_VM_RECIPE=$LAB_HERE/hosts/vm
# What nobody needs there, and takes seconds of each start under emulation. The cgroups are writable already.
LAB_VM_MASKED=(
  lab-cgroups.service systemd-binfmt.service kmod-static-nodes.service dev-hugepages.mount dev-mqueue.mount
  modprobe@{configfs,dm_mod,drm,efi_pstore,fuse,loop}.service
)

# A changed root, kernel or recipe is another directory.
vm_image_dir() {
  local hash
  hash=$(
    {
      basename "$(rootfs_dir)" "$(vm_kernel_dir)"
      echo "${LAB_VM_MASKED[@]}"
      sha256sum <"$LAB_VM_RECIPE/init"
    } | sha256sum | cut -c1-12
  )
  echo "$K8SB_LAB_CACHE/vm-$hash"
}

# The newest that the cache has: a lab does not change its kernel by itself.
vm_kernel_dir() {
  local dirs
  mapfile -t dirs < <(printf '%s\n' "$K8SB_LAB_CACHE"/kernel-*-amd64 | sort -V)
  echo "${dirs[-1]}"
}

build_vm_image() {
  build_rootfs
  # Another lab may be building the same.
  (
    lock_shared
    [[ -e $(vm_kernel_dir) ]] || fetch_vm_kernel
    [[ -e $(vm_image_dir) ]] || make_vm_image
  )
}

fetch_vm_kernel() {
  local work package
  work=$K8SB_LAB_CACHE/kernel.part
  rm -rf --one-file-system "$work"
  mkdir -p "$work/root"
  package=$(vm_kernel_package)
  if [[ -z $package ]]; then
    apt-get -o DPkg::Lock::Timeout=300 update -qq
    package=$(vm_kernel_package)
  fi
  [[ -n $package ]] || die "needs Debian's package linux-image-cloud-amd64, which apt does not know"
  say "fetching $package for the virtual machines"
  (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package") || die "cannot download $package"
  # Not installed: it would become the machine's own kernel.
  dpkg-deb --extract "$work"/*.deb "$work/root"
  depmod -b "$work/root" "${package#linux-image-}"
  mv "$work/root" "$K8SB_LAB_CACHE/kernel-${package#linux-image-}"
  rm -rf --one-file-system "$work"
}

# The meta package names the kernel of the day.
vm_kernel_package() {
  apt-cache depends --important linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }'
}

# ext4 and NVMe are built into this kernel, so it starts without an initrd; mke2fs fills a file system without
# mounting it.
make_vm_image() {
  local image kernel work unit
  image=$(vm_image_dir) kernel=$(vm_kernel_dir) work=$K8SB_LAB_CACHE/vm.part
  say "making the virtual machines' image (once)"
  rm -rf --one-file-system "$work"
  mkdir -p "$work/image"
  cp -a "$(rootfs_dir)" "$work/root"
  cp -a "$kernel/lib/modules" "$work/root/usr/lib/modules"
  install -m 755 "$LAB_VM_RECIPE/init" "$work/root/usr/libexec/lab/init"
  for unit in "${LAB_VM_MASKED[@]}"; do ln -sf /dev/null "$work/root/etc/systemd/system/$unit"; done
  nice -n 10 mke2fs -q -t ext4 -E lazy_itable_init=1 -m 0 -d "$work/root" "$work/image/root.img" 8G >/dev/null
  cp "$kernel"/boot/vmlinuz-* "$work/image/vmlinuz"
  remove_unused_images
  mv "$work/image" "$image"
  rm -rf --one-file-system "$work"
}

# Images that no machine's disk is based on any more, of whichever lab.
remove_unused_images() {
  local image
  for image in "$K8SB_LAB_CACHE"/vm-*[0-9a-f]; do
    if ! readlink "${K8SB_LAB_DISKS%"$LAB_SUFFIX"}"*/*/image | grep -qxF "$image"; then
      rm -rf --one-file-system "$image"
    fi
  done
}
