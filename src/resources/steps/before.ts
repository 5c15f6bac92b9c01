import { quote, sh } from '../../kernel/quote.ts';
import { sysctlPath } from '../../probe/probers/sysctls.ts';
import { type BeforeKind } from '../before.ts';

/**
 * Parameters that kubelet, kube-proxy, the plugin of the bridge and docker set by themselves, whatever a phase wants.
 * https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/util/sysctl/sysctl.go
 * https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/proxy/ipvs/proxier.go
 */
export const SET_BY_COMPONENTS: readonly string[] = [
  'kernel.keys.root_maxbytes',
  'kernel.keys.root_maxkeys',
  'kernel.panic',
  'kernel.panic_on_oops',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.bridge.bridge-nf-call-iptables',
  'net.ipv4.conf.all.arp_announce',
  'net.ipv4.conf.all.arp_ignore',
  'net.ipv4.conf.all.route_localnet',
  'net.ipv4.ip_forward',
  'net.ipv4.vs.conn_reuse_mode',
  'net.ipv4.vs.conntrack',
  'net.ipv4.vs.expire_nodest_conn',
  'net.ipv4.vs.expire_quiescent_template',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'vm.overcommit_memory',
  'vm.panic_on_oom',
];

const TAB = '\t';

/**
 * Functions of sh that write down what was there, each before the change that it is about, and once:
 * `was KIND KEY VALUE`, `was_unit UNIT`, `was_sysctl KEY FILE`, `makes FOLDER` for folders above a file. What is edited
 * in place is told by its digest afterwards: `edited FILE`.
 */
export const BEFORE_FUNCTIONS = `
noted() { grep -qsF -- "$1${TAB}$2${TAB}" $S/before; }
was() {
  if noted "$1" "$2"; then return 0; fi
  printf '%s\\t%s\\t%s\\n' "$1" "$2" "$3" >> $S/before
  durable $S/before
}
was_unit() { noted unit "$1" || was unit "$1" "$(echo $(systemctl show -p ActiveState,UnitFileState "$1"))"; }
was_sysctl() {
  if noted sysctl "$1" || [ ! -r "$2" ]; then return 0; fi
  was sysctl "$1" "$(echo $(cat "$2"))"
}
makes() {
  if [ -d "$1" ] || [ -z "$1" ]; then return 0; fi
  case $1 in */*) makes "\${1%/*}" ;; esac
  was made "$1" -
}
edited() {
  line=$(sha256sum < "$1"); line=$(printf 'edited\\t%s\\t%s' "$1" "\${line%% *}")
  if grep -qsxF -- "$line" $S/before; then return 0; fi
  { [ ! -e $S/before ] || grep -vF -- "edited${TAB}$1${TAB}" $S/before || :; printf '%s\\n' "$line"; } > $S/before.new
  put $S/before.new $S/before
}`.trim();

/**
 * Before anything is changed on a host for the first time: parameters that components will change by themselves. Of
 * packages a reset may have left a record.
 */
export const firstLook = (): string =>
  `grep -qsv '^package${TAB}' $S/before || {
${SET_BY_COMPONENTS.map((key) => wasSysctl(key)).join('\n')}
: >> $S/before
}`;

export const wasSysctl = (key: string): string => sh`was_sysctl ${key} ${sysctlPath(key)}`;

/** What stands in a line of the record; no device and no host has another name, whatever a host answers. */
const FITS = /^\P{Cc}{1,4096}$/u;

/** A line of a step that writes down what was. */
export const was = (kind: BeforeKind, key: string, value: string): string =>
  FITS.test(key) && FITS.test(value) ? `was ${kind} ${quote(key)} ${quote(value)}` : ':';
