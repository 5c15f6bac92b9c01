import { sh } from '../../../kernel/quote.ts';
import { POD_ROUTE_PROTOCOL } from '../../../kernel/host-paths.ts';

/**
 * Of what iptables-save prints of a table: lines for iptables-restore that take away the chains of kube-proxy, kubelet
 * and flannel, the rules that lead there, those that carry our name but for those that firewalld has, and host ports of pods of our network. All else
 * stays; no chain that others may have rules in is emptied.
 */
export const OWN_RULES = `
/^\\*/ { table = $0; next }
/^:(KUBE|FLANNEL)-/ { own[substr($1, 2)]; next }
/^:CNI-HOSTPORT-/ { ports[substr($1, 2)]; next }
/^-A (KUBE|FLANNEL)-/ { next }
/^-A CNI-HOSTPORT-DNAT / {
  if (!/name: \\\\"k8s-bootstrap\\\\"/) { others = 1; next }
  own[$NF]
}
/ -j CNI-HOSTPORT-/ { jumps[++j] = $0; next }
/^-A [^ ]*_direct / { next }
/^-A CNI-/ && !/^-A CNI-HOSTPORT-DNAT / { next }
/ -j (KUBE|FLANNEL)-/ || / --comment "?k8s-bootstrap"? / || / -j CNI-DN-/ { sub(/^-A/, "-D"); rules[++n] = $0 }
END {
  if (!others) {
    for (i = 1; i <= j; i++) { sub(/^-A/, "-D", jumps[i]); rules[++n] = jumps[i] }
    for (c in ports) own[c]
  }
  for (c in own) any = 1
  if (!n && !any) exit
  print table
  for (i = 1; i <= n; i++) print rules[i]
  for (c in own) print "-F " c
  for (c in own) print "-X " c
  print "COMMIT"
}`.trim();

export interface NetworkLeft {
  /** Devices that are the cluster's own, by name. */
  readonly links: readonly string[];
  /** Routes that carry no mark of ours: flannel's between neighbours. */
  readonly routes: readonly { readonly to: string; readonly via: string }[];
  /** Ports of Services on the node's own addresses: `30000-32767`. */
  readonly nodePorts: string;
}

/** By name, rule for rule: nothing is flushed. */
export const withoutNetwork = ({ links, routes, nodePorts }: NetworkLeft): string => {
  const [from = '0', to = '0'] = nodePorts.split('-');
  return [
    `rules=$S/tmp/rules.reset
for tool in iptables ip6tables; do
  command -v $tool-save > /dev/null || continue
  for table in mangle nat filter; do
    i=0
    while :; do
      $tool-save -t $table 2>/dev/null | awk ${sh`${OWN_RULES}`} > "$rules" || :
      [ -s "$rules" ] || break
      if $tool-restore -n < "$rules"; then break; fi
      i=$((i + 1))
      [ $i -lt 5 ] || { echo "the rules of $tool in $table cannot be taken away"; exit 1; }
      sleep 1
    done
  done
done
rm -f -- "$rules"`,
    sh`from=${from} to=${to}`,
    `if [ -d /sys/class/net/kube-ipvs0 ] && command -v ipvsadm > /dev/null; then
  addresses=" $(echo $(ip -o -4 addr show dev kube-ipvs0 | awk '{ sub(/\\/.*/, "", $4); print $4 }')) "
  ipvsadm -S -n | awk '$1 == "-A" { print $2, $3 }' | while read -r kind at; do
    port=\${at##*:}
    case $addresses in *" \${at%:*} "*) ;; *) [ "$port" -ge "$from" ] && [ "$port" -le "$to" ] || continue ;; esac
    ipvsadm -D "$kind" "$at"
  done
fi`,
    ...links.map((name) => sh`[ ! -d ${`/sys/class/net/${name}`} ] || ip link del ${name}`),
    `! command -v ipset > /dev/null || for s in $(ipset list -n 2>/dev/null | grep '^KUBE-'); do ipset destroy "$s"; done`,
    `ip -4 route show proto ${POD_ROUTE_PROTOCOL} | while read -r to _; do ip -4 route del "$to" proto ${POD_ROUTE_PROTOCOL}; done`,
    ...routes.map((route) => sh`ip -4 route del ${route.to} via ${route.via} 2>/dev/null || :`),
  ].join('\n');
};
