import { COMPONENTS } from '../kernel/components.ts';
import { KEEPALIVED_UNIT } from '../phases/control-plane/keepalived.ts';
import { BALANCER_UNIT } from '../phases/node/balancer.ts';
import { isNode } from '../phases/shared/topology.ts';
import { overridesOf, sharedDropIns } from '../resources/foreign/drop-ins.ts';
import { beforeOurs } from '../resources/foreign/first-network.ts';
import { FLANNELD } from '../resources/network/flannel.ts';
import { ROUTES_UNIT } from '../resources/network/pod-routes.ts';
import { type Check, type Result, type Subject, fixedByUp, warn } from './check.ts';

/** What others have put on a host that decides, when things run, over what the inventory says. */
export const overrideChecks: readonly Check[] = [
  { id: 'drop-ins', title: 'nothing is put over the units of the cluster', check: dropIns },
  {
    id: 'cni-order',
    title: 'the runtime takes our network',
    check: ({ world, host, facts }) =>
      isNode(host) && world.inventory.network.cni !== 'none'
        ? beforeOurs(facts).flatMap((path) =>
            fixedByUp(`${path} comes before our network; network.cni: none would keep it`),
          )
        : [],
  },
];

const UNITS = [
  ...COMPONENTS.map((name) => `${name}.service`),
  ROUTES_UNIT,
  BALANCER_UNIT,
  KEEPALIVED_UNIT,
  FLANNELD,
];

function dropIns({ world, seen }: Subject): Result[] {
  const { acceptDropIns } = world.inventory.os;
  return UNITS.flatMap((unit) => {
    const state = seen.unit(unit);
    return [
      ...overridesOf(unit, state).flatMap((path) =>
        acceptDropIns.includes(path)
          ? warn(`${path} changes ${unit}`, 'It stays, because it is in os.acceptDropIns.')
          : fixedByUp(`${path} changes ${unit}`),
      ),
      ...sharedDropIns(unit, state).flatMap((path) =>
        warn(`${path} changes ${unit}`, 'It is for other units too, so it is left alone.'),
      ),
    ];
  });
}
