import type { UnitState, Watch } from '../../probe/observe.ts';
import { type Change, type Resource, changes, none } from '../resource.ts';
import { serviceId } from '../service.ts';
import type { Step } from '../step.ts';

export const FLANNELD = 'flanneld.service';

/** The device behind which the pods of all other nodes are; its number is that of the network within vxlan. */
export const FLANNEL_LINK = 'flannel.1';

const QUESTION = 'flannel-link';

const watches: readonly Watch[] = [
  { kind: 'answer', key: QUESTION, script: `[ -d /sys/class/net/${FLANNEL_LINK} ]` },
];

/** Made by flanneld at its start, and not by every version when somebody has taken it away later. */
export const flannelLink = (inputs: readonly string[]): Resource => ({
  id: `link:${FLANNEL_LINK}`,
  title: FLANNEL_LINK,
  watches,
  diff(seen, upstream): Change {
    if (seen.answer(QUESTION)?.code === 0) return none('it is there');
    if (changes(upstream.get(serviceId(FLANNELD)) ?? none(''))) return none('it comes with flanneld');
    const because = [`${FLANNEL_LINK} is gone`];
    return { kind: 'restart', summary: 'restart flanneld', because, interrupts: true };
  },
  steps: () => [{ op: 'unit', verb: 'restart', unit: FLANNELD, inputs }],
});

const takeAway: Step = {
  op: 'run',
  title: `take away ${FLANNEL_LINK}`,
  script: `[ ! -d /sys/class/net/${FLANNEL_LINK} ] || ip link del ${FLANNEL_LINK}`,
};

/** Where flannel sets routes between neighbours: what it has made before for vxlan it leaves behind. */
export const withoutFlannelLink = (): Resource => ({
  id: `link:${FLANNEL_LINK}`,
  title: FLANNEL_LINK,
  watches,
  diff: (seen): Change =>
    seen.answer(QUESTION)?.code === 0
      ? { kind: 'delete', summary: 'of another backend' }
      : none('is not there'),
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
