import { type AnyHost, onHost } from './lab.ts';

/**
 * What a host is like, as far as a reset must leave no trace: a line each of files, mounts, links, routes, rules, units,
 * kernel parameters, accounts and cgroups. Left out is what changes by itself (logs, /run of others, counters), and what packages bring.
 */
const SCRIPT = `
find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache -o -path /usr -o -path /opt/containerd -o -path /var/lib/rpm -o -path /var/lib/dnf -o -path /var/lib/containerd -o -path /var/lib/systemd \\) -prune -o -printf 'file %p %y %m %l\\n' | sort
find /usr/local /etc/systemd -type f -exec sha256sum {} + | sed 's/^/sum /' | sort
awk '{ print "mount", $2, $3 }' /proc/mounts | sort
ip -o link | sed 's/^[0-9]*: /link /; s/[@:].*//' | sort
ip -4 route | sed 's/^/route /' | sort
iptables-save | grep -v '^#' | sed 's/ *\\[.*//; s/^/rule /'
for always in '' --permanent; do
  firewall-cmd -q --state && firewall-cmd $always --list-all-zones | sed "s/^/zone $always /"
  firewall-cmd $always --direct --get-all-rules | sed "s/^/direct $always /"
done
systemctl list-units --all --type=service,timer --no-legend --plain | awk '{ print "unit", $1, $3, $4 }' | sort
sysctl -a 2>/dev/null | grep -E '^(kernel.panic|kernel.keys|vm.overcommit|vm.panic|net.ipv4.ip_forward|net.ipv4.conf.all|net.netfilter.nf_conntrack_(max|tcp_timeout))' | sed 's/^/sysctl /' | sort
sed 's/^/account /' /etc/passwd | sort
find /sys/fs/cgroup -maxdepth 3 -type d -name 'kube*' | sed 's/^/cgroup /'
`;

export const picture = async (host: AnyHost): Promise<Set<string>> =>
  new Set((await onHost(host, SCRIPT)).split('\n').filter(Boolean));

/** Lines that one has and the other has not. */
export const differences = (before: ReadonlySet<string>, after: ReadonlySet<string>): string[] =>
  [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ].toSorted();

/**
 * What may differ after a reset: what packages bring (they stay, and so does the record of them), what firewalld writes when it is asked at all, data
 * that stays, and logs. Its zone "trusted" has chains, and an empty configuration, once something was in it.
 */
export const STAYS = [
  /^[-+] (?:file|sum|unit) .*(?:etcd|haproxy|containerd|conntrack|socat|iptables|docker|chrony)/,
  /^[-+] file \/var\/lib\/k8s-bootstrap(?:\/before)? /,
  /^[-+] file \/etc\/firewalld\//,
  /^[-+] file \/var\/log\//,
  /^[-+] file \/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-? /,
  /^[-+] account (?:etcd|haproxy|docker|chrony):/,
  /^[-+] rule .*_trusted/,
  /^[-+] zone .*trusted/,
  /^[-+] file \/root\/\.kube/,
];
