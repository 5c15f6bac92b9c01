# shellcheck shell=bash
# Runs inside the new root: a Debian system becomes one that answers like a CentOS 7 host.

# CentOS's /bin/sh is bash, and its yum is here dnf under that name.
ln -sf bash /bin/sh
ln -sf dnf-3 /usr/bin/yum
[[ -e /usr/bin/dnf-3 ]] || ln -sf dnf /usr/bin/yum
mkdir -p /etc/sysconfig /var/lib/rpm
rpm --initdb

# CentOS 7 has the kernel's old iptables, and a firewalld that writes them: pods' traffic then meets the same
# chains in the same order as there. With nftables firewalld would judge a packet twice.
for tool in iptables ip6tables; do update-alternatives --set "$tool" "/usr/sbin/$tool-legacy"; done
sed -i 's/^FirewallBackend=.*/FirewallBackend=iptables/; s/^LogDenied=.*/LogDenied=off/' /etc/firewalld/firewalld.conf
systemctl enable firewalld.service ssh.service lab-cgroups.service lab-network.service

# Sessions are not logind's: it would move each one out of ssh.service, and with it the lines in the journal that
# tests count.
DEBIAN_FRONTEND=noninteractive pam-auth-update --remove systemd

# No udev, clock, console or package timers: the machine has them, or nobody needs them here.
systemctl mask systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket \
  systemd-udevd-control.socket systemd-udev-settle.service systemd-networkd.service \
  systemd-resolved.service systemd-timesyncd.service console-getty.service getty@.service \
  getty.target systemd-remount-fs.service dnf-makecache.timer dnf-makecache.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer logrotate.timer systemd-pstore.service sys-kernel-debug.mount \
  sys-kernel-tracing.mount sys-kernel-config.mount systemd-firstboot.service
systemctl set-default multi-user.target

groupadd --system wheel
useradd --create-home --shell /bin/bash --groups wheel ops
useradd --create-home --shell /bin/bash student
chpasswd <<'PASSWORDS'
ops:ops-password
student:student-password
PASSWORDS
# Only student may use a password to log in.
passwd --lock root
printf 'Match User root,ops\n  PasswordAuthentication no\n' >>/etc/ssh/sshd_config
chmod 440 /etc/sudoers.d/lab
chmod 755 /usr/libexec/lab/*
chmod 700 /root

# Each host gets its own.
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id /etc/hostname
: >/etc/machine-id

printf '127.0.0.1 localhost localhost.localdomain\n::1 localhost localhost.localdomain\n' >/etc/hosts
# A name server that refuses at once, as long as nobody configures another.
echo 'nameserver 198.18.0.1' >/etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files dns myhostname/' /etc/nsswitch.conf
: >/etc/fstab
: >/etc/motd
sed -i '/pam_motd/d; /pam_mail/d' /etc/pam.d/sshd
echo 'LANG=C.UTF-8' >/etc/default/locale
