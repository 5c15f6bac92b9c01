# shellcheck shell=bash
# The root file system that all hosts share as the lower layer of their overlay, in two steps: a plain Debian (slow,
# changes with packages.txt) and a dressed copy of it (one second, changes with the rest of the recipe). Sourced.

LAB_RECIPE=$LAB_HERE/hosts/rootfs

# A changed recipe is another directory: nothing has to notice that a cached one is old.
rootfs_dir() { echo "$K8SB_LAB_CACHE/rootfs-$(recipe_hash .)"; }
debian_dir() { echo "$K8SB_LAB_CACHE/debian-$(recipe_hash packages.txt)"; }

recipe_hash() {
  (cd "$LAB_RECIPE" && find "$1" -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-12
}

build_rootfs() {
  [[ -d $(rootfs_dir) ]] && return
  # Another lab may be building the same.
  (
    lock_shared
    [[ -d $(rootfs_dir) ]] || dress_rootfs
  )
}

dress_rootfs() {
  local root debian
  root=$(rootfs_dir) debian=$(debian_dir)
  mkdir -p "$K8SB_LAB_CACHE"
  rm -rf --one-file-system "$K8SB_LAB_CACHE"/{debian,rootfs}-*.part
  [[ -d $debian ]] || build_debian "$debian"
  cp -a "$debian" "$root.part"
  cp -RT --no-preserve=mode,ownership "$LAB_RECIPE/files" "$root.part"
  chroot "$root.part" /bin/bash -eu -s <"$LAB_RECIPE/dress.sh" >"$root.part/var/log/dress.log" 2>&1 ||
    die "dressing the root failed, see $root.part/var/log/dress.log"
  remove_unused_roots
  mv "$root.part" "$root"
}

# Roots that are no disk's lower layer any more, of whichever lab; 360 MB each.
remove_unused_roots() {
  local root
  for root in "$K8SB_LAB_CACHE"/rootfs-*[0-9a-f]; do
    if ! readlink "${K8SB_LAB_DISKS%"$LAB_SUFFIX"}"*/*/rootfs | grep -qxF "$root"; then
      rm -rf --one-file-system "$root"
    fi
  done
}

build_debian() {
  local debian=$1 packages archive
  packages=$(grep -v '^#' "$LAB_RECIPE/packages.txt" | paste -sd,)
  archive=$(debian_archive)
  say "building the hosts' Debian (about two minutes, once)"
  # No fsync for each file and no documentation: halves the time and the size.
  mkdir -p "$debian.part/etc/dpkg/dpkg.cfg.d"
  printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
    'path-exclude=/usr/share/locale/*' >"$debian.part/etc/dpkg/dpkg.cfg.d/lab"
  debootstrap --variant=minbase --include="$packages" bookworm "$debian.part" "$archive" >"$debian.log" 2>&1 ||
    die "debootstrap failed, see $debian.log"
  (cd "$debian.part" && rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* etc/apt/sources.list)
  mv "$debian.part" "$debian"
}

# The archive that this machine's own apt uses.
debian_archive() {
  local archive
  # shellcheck disable=SC2016 # apt-get's own variable, not the shell's
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Origin: Debian' |
    sort -u | head -n 1)
  [[ -n $archive ]] || die "needs Debian 12 (bookworm) among apt's sources, with its lists fetched (apt-get update)"
  echo "$archive"
}
