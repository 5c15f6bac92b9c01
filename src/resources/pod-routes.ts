import { paths } from '../kernel/host-paths.ts';
import { file, fileId } from './file.ts';
import type { Observed } from '../probe/observe.ts';
import { type Change, type Resource, changes, none } from './resource.ts';
import { factsOf, factsWatches } from '../facts/facts.ts';

export interface PodRoutesSpec {
  readonly podCIDR: string;
  /** Pod ranges of the other nodes, and the address of each. */
  readonly routes: readonly { readonly to: string; readonly via: string }[];
}

/** Number that marks a route as ours (`proto` of ip-route(8)); no routing daemon uses it. */
export const ROUTE_PROTOCOL = '86';

export const ROUTES_UNIT = 'k8s-bootstrap-routes.service';

const SCRIPT = `${paths.kubernetes}/pod-routes.sh`;
const UNIT_FILE = `${paths.unitFolder}/${ROUTES_UNIT}`;
const QUESTION = 'pod-masquerade';

/**
 * Routes to the pods of the other nodes, and NAT for what pods send out of the cluster: between pods there is none,
 * so each sees the other's own address. A unit sets them at boot; whether they are there is seen in the kernel.
 */
export function podRoutes(spec: PodRoutesSpec): Resource[] {
  return [
    file({ path: SCRIPT, content: script(spec), mode: '0755' }),
    file({ path: UNIT_FILE, content: unitFile }),
    inKernel(spec),
  ];
}

function inKernel(spec: PodRoutesSpec): Resource {
  return {
    id: `service:${ROUTES_UNIT}`,
    title: ROUTES_UNIT,
    watches: [
      ...factsWatches(),
      { kind: 'unit', key: ROUTES_UNIT, inputs: [] },
      // It may have to wait for the lock of the tables.
      {
        kind: 'answer',
        key: QUESTION,
        script: `timeout 3 ${masquerade(spec.podCIDR, '-C')}`,
        slow: true,
      },
    ],
    diff(seen, upstream): Change {
      const because = [
        ...[SCRIPT, UNIT_FILE]
          .filter((path) => changes(upstream.get(fileId(path)) ?? none('')))
          .map((path) => `${path} changes`),
        ...differences(spec, seen),
      ];
      return because.length === 0
        ? none('all routes are there')
        : { kind: 'restart', summary: 'set routes', because, interrupts: false };
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

function differences({ routes }: PodRoutesSpec, seen: Observed): string[] {
  const unit = seen.unit(ROUTES_UNIT);
  const found = factsOf(seen).routes;
  const ours = found.filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  const missing = routes.filter(({ to, via }) => !ours.some((route) => route.to === to && route.via === via));
  // 124: the question took too long, which says nothing about the rule.
  const masqueraded = [0, 124].includes(seen.answer(QUESTION)?.code ?? 1);
  const stale = ours.filter(({ to }) => !routes.some((route) => route.to === to));
  return [
    ...(unit?.active === 'active' ? [] : ['it is not running']),
    ...(unit?.enabled === 'enabled' ? [] : ['it is not enabled']),
    ...(unit?.needsReload ? ['its unit file is newer than what systemd has loaded'] : []),
    ...missing.map(({ to, via }) => `the route to ${to} via ${via} is missing`),
    ...stale.map(({ to }) => `the route to ${to} leads nowhere`),
    ...(masqueraded ? [] : ['the masquerade rule is missing']),
  ];
}

const masquerade = (podCIDR: string, action: string): string =>
  `/usr/sbin/iptables -w -t nat ${action} POSTROUTING -s ${podCIDR} ! -d ${podCIDR} -m comment --comment k8s-bootstrap -j MASQUERADE`;

const script = ({ podCIDR, routes }: PodRoutesSpec): string => `#!/bin/sh
# Written by k8s-bootstrap. Routes to the pods of the other nodes, and NAT for what pods send out of the cluster.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
wanted='${routes.map(({ to }) => to).join(' ')}'

case \${1:-} in
  up)
${routes.map(({ to, via }) => `    ip -4 route replace ${to} via ${via} proto ${ROUTE_PROTOCOL}\n`).join('')}    # Nodes that are gone.
    ip -4 route show proto ${ROUTE_PROTOCOL} | while read -r range rest; do
      case " $wanted " in
        *" $range "*) ;;
        *) ip -4 route del "$range" proto ${ROUTE_PROTOCOL} ;;
      esac
    done
    ${masquerade(podCIDR, '-C')} 2>/dev/null ||
      ${masquerade(podCIDR, '-A')}
    ;;
  down)
    ip -4 route flush proto ${ROUTE_PROTOCOL}
    ${masquerade(podCIDR, '-D')} 2>/dev/null || :
    ;;
  *)
    echo "usage: $0 up|down" >&2
    exit 2
    ;;
esac
`;

const unitFile = `# Written by k8s-bootstrap.
[Unit]
Description=Routes to the pods of the other nodes
After=network-online.target firewalld.service
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${SCRIPT} up
ExecReload=/bin/sh ${SCRIPT} up
ExecStop=/bin/sh ${SCRIPT} down

[Install]
WantedBy=multi-user.target
`;
