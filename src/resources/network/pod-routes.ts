import { oncePer } from '../../kernel/once-per.ts';
import { sh } from '../../kernel/quote.ts';
import { POD_ROUTE_PROTOCOL, paths } from '../../kernel/host-paths.ts';
import { dropInsId, ownUnit, unitFile } from '../foreign/drop-ins.ts';
import { file, fileId } from '../file.ts';
import type { Observed } from '../../probe/observe.ts';
import { type Change, type Resource, changes, none } from '../resource.ts';
import { FIREWALLD, factsOf, factsWatches } from '../../facts/facts.ts';

export interface PodRoutesSpec {
  /** The node's own address: its own range is reached without a route. */
  readonly ip: string;
  readonly podCIDR: string;
  /** As `podRouteTable` makes it. */
  readonly table: string;
  /** Drop-ins that the inventory says are meant. */
  readonly acceptedDropIns: readonly string[];
}

export const ROUTES_UNIT = 'k8s-bootstrap-routes.service';

const SCRIPT = `${paths.kubernetes}/pod-routes.sh`;
const QUESTION = 'pod-rules';

/** All nodes' pod ranges and addresses as one text for all nodes, so that thousands of them cost no more than they must. */
export const podRouteTable = (
  podCIDR: string,
  routes: readonly { readonly to: string; readonly via: string }[],
): string =>
  [
    '# Written by k8s-bootstrap: the range of all pods, then that of each node, and the address it is reached by.',
    `pods ${podCIDR}`,
    ...routes.map(({ to, via }) => `${to} ${via}`),
    '',
  ].join('\n');

/** Ranges by the address of their node, as a node has them written down. */
export function routesIn(seen: Observed | undefined): ReadonlyMap<string, string> {
  const state = seen?.file(paths.podRoutes);
  return state?.type === 'file' && state.content ? parseTable(state.content) : new Map();
}

const parseTable = oncePer(
  (text: Buffer): ReadonlyMap<string, string> =>
    new Map(
      [...text.toString('utf8').matchAll(/^([\d.]+\/\d+) ([\d.]+)$/gm)].map(([, to = '', via = '']) => [
        via,
        to,
      ]),
    ),
);

/**
 * Routes to the pods of the other nodes, and NAT for what pods send out of the cluster: between pods there is none,
 * so each sees the other's own address. A unit sets them at boot; whether they are there is seen in the kernel.
 */
export const podRoutes = ({ ip, podCIDR, table, acceptedDropIns }: PodRoutesSpec): Resource[] => [
  file({ path: paths.podRoutes, content: table }),
  file({ path: SCRIPT, content: script, mode: '0755' }),
  ...ownUnit({ unit: ROUTES_UNIT, content: unitText(ip), accepted: acceptedDropIns }),
  inKernel(podCIDR),
];

function inKernel(podCIDR: string): Resource {
  return {
    id: `service:${ROUTES_UNIT}`,
    title: ROUTES_UNIT,
    watches: [
      ...factsWatches(),
      { kind: 'unit', key: ROUTES_UNIT, inputs: [] },
      {
        kind: 'answer',
        key: QUESTION,
        script: rulesQuestion(podCIDR),
      },
    ],
    diff(seen, upstream): Change {
      const because = [
        ...[...[paths.podRoutes, SCRIPT, unitFile(ROUTES_UNIT)].map(fileId), dropInsId(ROUTES_UNIT)]
          .filter((id) => changes(upstream.get(id) ?? none('')))
          .map((id) => `${id.slice(id.indexOf(':') + 1)} changes`),
        ...differences(seen),
      ];
      if (because.length === 0) return none('all routes are there');
      const summary = seen.unit(ROUTES_UNIT)?.active === 'active' ? 'set routes' : 'start';
      return { kind: 'restart', summary, because, interrupts: false };
    },
    steps: () => [
      {
        op: 'run',
        title: 'set routes to pods',
        script: `systemctl daemon-reload\nsystemctl enable ${ROUTES_UNIT}\nsystemctl reset-failed ${ROUTES_UNIT} 2>/dev/null || :\nsystemctl reload-or-restart ${ROUTES_UNIT}`,
      },
    ],
  };
}

/** As arguments of iptables, for pods of one range: what they send to each other keeps its address. */
export const masqueradeRule = (pods: string): string =>
  `-s ${pods} ! -d ${pods} -m comment --comment k8s-bootstrap -j MASQUERADE`;

/** Where a policy drops what is forwarded, kube-proxy lets through answers alone, and nothing that a pod begins. */
const forwardRules = (pods: string): string[] =>
  ['-s', '-d'].map((side) => `${side} ${pods} -m comment --comment k8s-bootstrap -j ACCEPT`);

/**
 * Whether one is missing. All are looked for by one process, that of a restore which only tests. Beside firewalld, which
 * forwards by rules of its own, it is the NAT alone: a direct rule is in a chain of its own. Waiting for the lock of the
 * tables takes a process more, so that is done only where somebody holds it (code 4); held all the time (124), it says
 * nothing.
 */
const rulesQuestion = (pods: string): string => `
case "$running " in
  *' ${FIREWALLD} '*)
    chain=POSTROUTING_direct
    rule() { "$@" -t nat -C "$chain" ${sh`${masqueradeRule(pods).split(' ')}`}; }
    tool=/usr/sbin/iptables ;;
  *)
    chain=
    printf '%s\\n' ${sh`${restoreLines(pods)}`} > "$D.rules"
    rule() { "$@" --test -n < "$D.rules"; }
    tool=/usr/sbin/iptables-restore ;;
esac
look() { rule $tool; code=$?; [ $code != 4 ] || { rule timeout 3 $tool -w; code=$?; }; }
look
case $chain,$code in POSTROUTING_direct,[1-3]) chain=POSTROUTING; look ;; esac
[ $code = 0 ] || [ $code = 124 ]`;

const restoreLines = (pods: string): string[] => [
  '*nat',
  `-C POSTROUTING ${masqueradeRule(pods)}`,
  'COMMIT',
  '*filter',
  ...forwardRules(pods).map((rule) => `-C FORWARD ${rule}`),
  'COMMIT',
];

function differences(seen: Observed): string[] {
  const unit = seen.unit(ROUTES_UNIT);
  const ruled = seen.answer(QUESTION)?.code === 0;
  return [
    ...(unit?.active === 'active' ? [] : ['it is not running']),
    ...(unit?.enabled === 'enabled' ? [] : ['it is not enabled']),
    ...(unit?.needsReload ? ['its unit file is newer than what systemd has loaded'] : []),
    ...factsOf(seen).podRoutes,
    ...(ruled ? [] : ['a rule for packets of pods is missing']),
  ];
}

const script = `#!/bin/sh
# Written by k8s-bootstrap. Routes to the pods of the other nodes, NAT for what pods send out of the cluster, and
# leave for what they forward. Which, says the table; the second argument is this node's own address.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
table=${paths.podRoutes}
own=\${2:-}
pods=$(awk '$1 == "pods" { print $2 }' "$table")

masquerade() {
  iptables -w -t nat "$1" "$2" -s "$pods" ! -d "$pods" -m comment --comment k8s-bootstrap -j MASQUERADE
}

forward() {
  iptables -w "$1" FORWARD "$2" "$pods" -m comment --comment k8s-bootstrap -j ACCEPT
}

case \${1:-} in
  up)
    # Routes to nodes that are gone are taken away.
    ip -4 route show proto ${POD_ROUTE_PROTOCOL} | awk -v own="$own" '
      part == "table" { if ($1 ~ /^[0-9]/ && $2 != own) { wanted[$1]; print "route replace " $1 " via " $2 " proto ${POD_ROUTE_PROTOCOL}" } next }
      !($1 in wanted) { print "route del " $1 " proto ${POD_ROUTE_PROTOCOL}" }
    ' part=table "$table" part=kernel - | ip -4 -batch -
    # firewalld may have set it by a direct rule, which is in a chain of its own.
    masquerade -C POSTROUTING_direct 2>/dev/null || masquerade -C POSTROUTING 2>/dev/null || masquerade -A POSTROUTING
    # Where a policy drops what is forwarded, kube-proxy lets through answers alone.
    for side in -s -d; do
      forward -C $side 2>/dev/null || forward -A $side
    done
    ;;
  down)
    ip -4 route flush proto ${POD_ROUTE_PROTOCOL}
    masquerade -D POSTROUTING 2>/dev/null || :
    for side in -s -d; do
      forward -D $side 2>/dev/null || :
    done
    ;;
  *)
    echo "usage: $0 up ADDRESS|down" >&2
    exit 2
    ;;
esac
`;

const unitText = (ip: string): string => `# Written by k8s-bootstrap.
[Unit]
Description=Routes to the pods of the other nodes
After=network-online.target firewalld.service
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${SCRIPT} up ${ip}
ExecReload=/bin/sh ${SCRIPT} up ${ip}
ExecStop=/bin/sh ${SCRIPT} down

[Install]
WantedBy=multi-user.target
`;
