#!/usr/bin/env bash
# Packs Debian's programs as RPMs with CentOS' names and paths, and makes a yum repository of them.
# usage: rpms.sh DESTINATION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

destination="$1"
recipes="$ARTIFACTS_DIR/rpm"
repository="$destination/mirror/yum"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$repository" "$work/build"

# Debian packages may still carry /bin, /sbin and /lib; on the hosts these are links into /usr.
merge_usr() {
  local root="$1" folder
  for folder in bin sbin lib; do
    [ -d "$root/$folder" ] || continue
    mkdir -p "$root/usr/$folder"
    cp -a "$root/$folder/." "$root/usr/$folder/"
    rm -rf "${root:?}/$folder"
  done
}

# Documentation, and what hooks a program into Debian's own ways.
prune() {
  (
    cd "$1"
    rm -rf usr/share etc/{init.d,default,insserv.conf.d,network,ppp,dhcp,apparmor.d,logrotate.d} \
      usr/lib/{udev,NetworkManager,networkd-dispatcher,bridge-utils}
    # Debian masks its old init scripts by a link to /dev/null.
    find . -type l -lname /dev/null -delete
    # An RPM that owned /etc would take it along when it is removed; empty folders of /var are data.
    find . -mindepth 1 -type d -empty ! -path './var/*' -delete
  )
}

wrap_runc() {
  mkdir -p "$1/usr/bin" "$1/usr/libexec/lab"
  rm -f "$1/usr/bin/runc"
  mv "$1/usr/sbin/runc" "$1/usr/libexec/lab/runc.real"
  install -m 755 "$work/runc-wrapper" "$1/usr/bin/runc"
}

# What a package's files need beyond its own recipe folder; the name of the function says which package.
arrange_docker() {
  wrap_runc "$1"
  mv "$1"/usr/sbin/{dockerd,docker-proxy} "$1/usr/bin/"
  rm -f "$1"/usr/bin/dnet "$1"/usr/sbin/ovrouter "$1"/usr/lib/systemd/system/docker.socket
  # Docker starts a containerd of its own: the service and its settings belong to containerd.io.
  rm -rf "$1"/usr/lib/systemd/system/containerd.service "$1/etc/containerd" "$1/etc/docker"
}

arrange_containerd.io() { wrap_runc "$1"; }

# On CentOS 7 both are names of one unit.
arrange_nfs-utils() { ln -s nfs-server.service "$1/usr/lib/systemd/system/nfs.service"; }

# CentOS' package neither logs to files of its own nor lets its service look for what Debian sets.
arrange_haproxy() { rm -rf "$1/etc/rsyslog.d"; }

# CentOS' package asks nothing of D-Bus.
arrange_keepalived() { rm -rf "$1/etc/dbus-1"; }

arrange_etcd() { mkdir -p "$1/var/lib/etcd"; }

arrange_chrony() {
  # Debian's configuration and service have other names; ours are in the recipe's folder.
  rm -rf "$1/etc/chrony" "$1"/usr/lib/systemd/system/chrony* "$1/usr/lib/systemd/ntp-units.d"
  cp "$recipes/chrony/files/usr/lib/systemd/system/chronyd.service" "$1/usr/lib/systemd/system/"
}

# In the list of a spec: files, links, and folders that are empty.
list_files() {
  (
    cd "$1"
    find . \( -type f -o -type l \) -path './etc/*' -printf '%%config(noreplace) /%P\n'
    find . \( -type f -o -type l \) ! -path './etc/*' -printf '/%P\n'
    find . -mindepth 1 -type d -empty -printf '%%dir /%P\n'
  )
}

lay_out() {
  local name="$1" root="$2" package
  shift 2
  for package in "$@"; do unpack_deb "$work/debs" "$package" "$root"; done
  merge_usr "$root"
  [ ! -d "$recipes/$name/files" ] || cp -r --no-preserve=ownership "$recipes/$name/files/." "$root/"
  if declare -F "arrange_$name" >/dev/null; then "arrange_$name" "$root"; fi
  prune "$root"
}

# A scriptlet's path, or a dash.
scriptlet() { if [ -f "$recipes/$1/$2" ]; then echo "$recipes/$1/$2"; else echo -; fi; }

pack() {
  local name="$1" packages="$2" requires="$3" root="$work/root/$1" version
  mkdir -p "$root"
  if [[ "$packages" == =* ]]; then
    version="$(upstream_version_of "$work/debs" "${packages#=}")"
  else
    version="$(upstream_version_of "$work/debs" "${packages%%,*}")"
    # shellcheck disable=SC2086  # one word for each package
    lay_out "$name" "$root" ${packages//,/ }
  fi
  list_files "$root" >"$work/$name.files"
  rpmbuild -bb --quiet --nodeps --target x86_64 \
    --define "_topdir $work/build/$name" --define "_rpmdir $work/rpms" \
    --define "lab_name $name" --define "lab_version $version" --define "lab_requires $requires" \
    --define "lab_root $root" --define "lab_files $work/$name.files" \
    --define "lab_pre $(scriptlet "$name" pre)" --define "lab_post $(scriptlet "$name" post)" \
    "$recipes/lab.spec" >/dev/null
}

CGO_ENABLED=0 go build -ldflags "-s -w" -o "$work/runc-wrapper" "$ARTIFACTS_DIR/runc-wrapper/main.go"
# shellcheck disable=SC2046  # one word for each package
fetch_debs "$work/debs" $(data_lines "$recipes/packages.txt" | awk '{ gsub(/[,=]/, " ", $2); print $2 }' | tr ' ' '\n' | sed '/^$/d' | sort -u)
while read -r name packages requires; do
  pack "$name" "$packages" "$requires"
done < <(data_lines "$recipes/packages.txt")

mv "$work"/rpms/x86_64/*.rpm "$repository/"
createrepo_c --quiet "$repository"
