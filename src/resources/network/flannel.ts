import { parseCidr } from '../../kernel/cidr.ts';
import type { Observed, UnitState, Watch } from '../../probe/observe.ts';
import { type Change, type Resource, changes, none } from '../resource.ts';
import { serviceId } from '../service.ts';
import type { Step } from '../step.ts';

export const FLANNELD = 'flanneld.service';

/** The device behind which the pods of all other nodes are; its number is that of the network within vxlan. */
export const FLANNEL_LINK = 'flannel.1';

const LINK = 'flannel-link';
const ROUTES = 'flannel-routes';
const IS_THERE = `[ -d /sys/class/net/${FLANNEL_LINK} ]`;

const linkWatches: readonly Watch[] = [{ kind: 'answer', key: LINK, script: IS_THERE }];

/**
 * Ends well when the device is there, and prints the routes behind it: range and mask as `/proc/net/route` has them. By
 * one awk: a shell goes back and forth in that file for each line, of all that a host has.
 */
export const routeWatches: readonly Watch[] = [
  {
    kind: 'answer',
    key: ROUTES,
    script: `${IS_THERE} && awk '$1 == "${FLANNEL_LINK}" { print $2, $8 }' /proc/net/route`,
  },
];

/**
 * Made by flanneld at its start with the routes behind it, and not by every version when somebody has taken it away
 * later; v0.28 makes the device anew, and no routes.
 * @param routes what has to be behind it
 */
export const flannelLink = (inputs: readonly string[], routes: readonly Route[]): Resource => ({
  id: `link:${FLANNEL_LINK}`,
  title: FLANNEL_LINK,
  watches: routeWatches,
  diff(seen, upstream): Change {
    const off = seen.answer(ROUTES)?.code === 0 ? missingRoutes(seen, routes) : `${FLANNEL_LINK} is gone`;
    if (off === undefined) return none('it is there');
    if (changes(upstream.get(serviceId(FLANNELD)) ?? none(''))) return none('it comes with flanneld');
    return { kind: 'restart', summary: 'restart flanneld', because: [off], interrupts: false };
  },
  steps: () => [{ op: 'unit', verb: 'restart', unit: FLANNELD, inputs }],
});

/** The pods of a node, and the words by which a host tells of the way to them. */
export interface Route {
  readonly range: string;
  readonly words: string;
}

/** What is not behind the device and should be, in words; `undefined` when all is. */
export function missingRoutes(seen: Observed, routes: readonly Route[]): string | undefined {
  const there = new Set(seen.answer(ROUTES)?.output.split('\n'));
  const missing = routes.flatMap(({ range, words }) => (there.has(words) ? [] : [range]));
  if (missing.length === 0) return undefined;
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  return `no route to ${missing.slice(0, MOST_NAMED).join(', ')}${more} by ${FLANNEL_LINK}`;
}

const MOST_NAMED = 3;

/** Address and mask are words of the kernel, whose lowest byte is the first of the address; proc_pid_net(5) */
export function routeTo(range: string): Route {
  const { first, prefix } = parseCidr(range);
  const mask = 2 ** 32 - 2 ** (32 - prefix);
  return { range, words: [first, mask].map(asRead).join(' ') };
}

function asRead(value: number): string {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return word.toString('hex').toUpperCase();
}

const takeAway: Step = {
  op: 'run',
  title: `take away ${FLANNEL_LINK}`,
  script: `[ ! -d /sys/class/net/${FLANNEL_LINK} ] || ip link del ${FLANNEL_LINK}`,
};

/** Where flannel sets routes between neighbours: what it has made before for vxlan it leaves behind. */
export const withoutFlannelLink = (): Resource => ({
  id: `link:${FLANNEL_LINK}`,
  title: FLANNEL_LINK,
  watches: linkWatches,
  diff: (seen): Change =>
    seen.answer(LINK)?.code === 0 ? { kind: 'delete', summary: 'of another backend' } : none('is not there'),
  steps: () => [takeAway],
});

/** Where another network takes its place: a flanneld that ran on would set its own routes again. */
export const withoutFlannel = (): Resource => ({
  id: `without:${FLANNELD}`,
  title: FLANNELD,
  watches: [{ kind: 'unit', key: FLANNELD, inputs: [] }],
  diff(seen): Change {
    return runs(seen.unit(FLANNELD))
      ? { kind: 'delete', summary: `stop it, and take away ${FLANNEL_LINK}` }
      : none('does not run');
  },
  steps: () => [
    { op: 'unit', verb: 'stop', unit: FLANNELD },
    { op: 'unit', verb: 'disable', unit: FLANNELD },
    takeAway,
  ],
});

const runs = (state: UnitState | undefined): boolean =>
  state?.active === 'active' || state?.active === 'activating' || state?.enabled === 'enabled';
