import type { AddonList, AddonState } from '../../answers/addons.ts';
import { type AddonData, addonCatalog } from '../../addons/catalog.ts';
import { lookingAt } from '../../cluster/visit-procedure.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { healthPaths, placesOf, podsOf, whyNotWell } from '../../phases/addons/health.ts';
import { apiHost } from '../../phases/shared/topology.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { sightings } from '../../run/fleet.ts';
import { imagesIn } from './images-in.ts';

/** Every add-on: whether it is on, whether it does its work, what its pods run; exit code 3 when one does not. */
export async function listAddons(options: RunOptions): Promise<number> {
  const look = { phases: ['base'], takesPart: isMaster, mends: [], asks: questionsTo };
  return visit({ ...lookingAt(options, look), ending: 'answer' }, ({ cluster, fleet }) => {
    const seen = sightings(fleet);
    const [master] = apiHost(cluster.world(seen));
    const data = addonStates(cluster.inventory, master && seen.get(master.name));
    options.emit({ type: 'result', answer: 'addons-list', data });
    const code = outcome(fleet);
    return Promise.resolve(code === 0 && !data.well ? ExitCode.attention : code);
  });
}

const isMaster = ({ roles }: Host): boolean => roles.includes('master');

/** Each master is asked, for which of them answers is not known before. */
const questionsTo = (_: Inventory, host: Host): readonly Watch[] =>
  isMaster(host)
    ? ['/healthz', ...addonCatalog().flatMap(healthPaths)].map((key) => ({ kind: 'object', key }) as const)
    : [];

/** @param seen by the master that answers; `undefined` when none was reached */
export function addonStates({ addons }: Pick<Inventory, 'addons'>, seen: Observed | undefined): AddonList {
  const on = new Set(addons.map(({ name }) => name));
  const states = addonCatalog().map((addon) => stateOf(addon, on.has(addon.name), seen));
  return { addons: states, well: states.every(({ state }) => state === 'well' || state === 'off') };
}

function stateOf(addon: AddonData, on: boolean, seen: Observed | undefined): AddonState {
  const { name, version } = addon;
  const answers = addon.healthy.map((path) => seen?.object(path)?.status);
  const known = { name, version, on };
  if (!seen || answers.some((status) => status !== 200 && status !== 404)) {
    return { ...known, state: 'unknown', problem: 'the API server does not answer', images: [] };
  }
  const images = placesOf(addon).flatMap((place) => imagesIn(seen.object(podsOf(place))?.body));
  if (!on) {
    const left = answers.includes(200);
    const problem = left ? 'the inventory does not name it: up --prune takes it away' : null;
    return { ...known, state: left ? 'left' : 'off', problem, images };
  }
  const problem = whyNotWell(addon, seen) ?? null;
  return { ...known, state: problem === null ? 'well' : 'waits', problem, images };
}
