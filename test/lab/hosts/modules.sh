# shellcheck shell=bash
# What `modprobe` in a host finds. Nothing can be loaded there, but asking for something that this kernel has
# built in must succeed, and for something that it lacks must fail. Sourced.

# Prints the directory to show as /lib/modules.
kernel_modules() {
  local release made
  release=$(uname -r)
  if [[ -d /lib/modules/$release ]]; then
    echo /lib/modules
    return
  fi
  made=$K8SB_LAB_RUN/modules
  if [[ ! -e $made/lib/modules/$release/modules.builtin.bin ]]; then
    mkdir -p "$made/lib/modules/$release"
    : >"$made/lib/modules/$release/modules.order"
    builtin_modules >"$made/lib/modules/$release/modules.builtin"
    depmod -b "$made" "$release" 2>/dev/null
  fi
  echo "$made/lib/modules"
}

# Modules that cluster software asks for, with the configuration option that builds each one in.
builtin_modules() {
  local option path
  while read -r option path; do
    if zgrep -q "^$option=y" /proc/config.gz 2>/dev/null; then echo "kernel/$path.ko"; fi
  done <<'OPTIONS'
CONFIG_OVERLAY_FS fs/overlayfs/overlay
CONFIG_BRIDGE net/bridge/bridge
CONFIG_BRIDGE_NETFILTER net/bridge/br_netfilter
CONFIG_NF_CONNTRACK net/netfilter/nf_conntrack
CONFIG_NF_NAT net/netfilter/nf_nat
CONFIG_NF_TABLES net/netfilter/nf_tables
CONFIG_IP_SET net/netfilter/ipset/ip_set
CONFIG_IP_VS net/netfilter/ipvs/ip_vs
CONFIG_IP_VS_RR net/netfilter/ipvs/ip_vs_rr
CONFIG_IP_VS_WRR net/netfilter/ipvs/ip_vs_wrr
CONFIG_IP_VS_SH net/netfilter/ipvs/ip_vs_sh
CONFIG_IP_NF_IPTABLES net/ipv4/netfilter/ip_tables
CONFIG_IP_NF_FILTER net/ipv4/netfilter/iptable_filter
CONFIG_IP_NF_NAT net/ipv4/netfilter/iptable_nat
CONFIG_IP_NF_MANGLE net/ipv4/netfilter/iptable_mangle
CONFIG_IP_NF_RAW net/ipv4/netfilter/iptable_raw
CONFIG_IP6_NF_IPTABLES net/ipv6/netfilter/ip6_tables
CONFIG_IP6_NF_FILTER net/ipv6/netfilter/ip6table_filter
CONFIG_NETFILTER_XTABLES net/netfilter/x_tables
CONFIG_NETFILTER_XT_MATCH_CONNTRACK net/netfilter/xt_conntrack
CONFIG_NETFILTER_XT_MATCH_COMMENT net/netfilter/xt_comment
CONFIG_NETFILTER_XT_MARK net/netfilter/xt_mark
CONFIG_NETFILTER_XT_SET net/netfilter/xt_set
CONFIG_NETFILTER_XT_MATCH_ADDRTYPE net/netfilter/xt_addrtype
CONFIG_NETFILTER_XT_MATCH_MULTIPORT net/netfilter/xt_multiport
CONFIG_NETFILTER_XT_MATCH_PHYSDEV net/netfilter/xt_physdev
CONFIG_NETFILTER_XT_TARGET_MASQUERADE net/netfilter/xt_MASQUERADE
CONFIG_VXLAN drivers/net/vxlan/vxlan
CONFIG_VETH drivers/net/veth
CONFIG_DUMMY drivers/net/dummy
CONFIG_TUN drivers/net/tun
CONFIG_NFSD fs/nfsd/nfsd
CONFIG_NFS_FS fs/nfs/nfs
CONFIG_FUSE_FS fs/fuse/fuse
OPTIONS
}
