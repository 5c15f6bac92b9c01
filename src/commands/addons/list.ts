import type { AddonList, AddonState } from '../../answers/addons.ts';
import { type AddonData, addonCatalog, isInCluster } from '../../addons/catalog.ts';
import { lookingAt } from '../../cluster/visit-procedure.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { healthPaths, placesOf, podsOf, whyNotWell } from '../../phases/addons/health.ts';
import { programPaths } from '../../phases/addons/programs.ts';
import { isOfOthers } from '../../phases/shared/parts.ts';
import { apiHost } from '../../phases/shared/topology.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { manifestOf } from '../../resources/manifest.ts';
import { sightings } from '../../run/fleet.ts';
import { imagesIn } from './images-in.ts';

/** Every add-on: whether it is on, whether it does its work, what its pods run; exit code 3 when one does not. */
export async function listAddons(options: RunOptions): Promise<number> {
  const look = { phases: ['base'], takesPart: isMaster, mends: [], asks: questionsTo };
  return visit({ ...lookingAt(options, look), ending: 'answer' }, ({ cluster, fleet }) => {
    const seen = sightings(fleet);
    const [answering] = apiHost(cluster.world(seen));
    const masters = cluster.inventory.hosts
      .filter(isMaster)
      .map(({ name }) => [name, seen.get(name)] as const);
    const data = addonStates(cluster.inventory, answering && seen.get(answering.name), new Map(masters));
    options.emit({ type: 'result', answer: 'addons-list', data });
    const code = outcome(fleet);
    return Promise.resolve(code === 0 && !data.well ? ExitCode.attention : code);
  });
}

const isMaster = ({ roles }: Host): boolean => roles.includes('master');

/** Each master is asked, for which of them answers is not known before. */
const questionsTo = (_: Inventory, host: Host): readonly Watch[] =>
  isMaster(host)
    ? [
        ...addonCatalog()
          .flatMap(healthPaths)
          .map((key) => ({ kind: 'object', key }) as const),
        ...addonCatalog()
          .flatMap(programPaths)
          .map((path) => ({ kind: 'file', key: path, read: 'digest' }) as const),
      ]
    : [];

/** What was seen of each master, by name; `undefined` where it was not reached. */
type Masters = ReadonlyMap<string, Observed | undefined>;

/** @param seen by the master that answers; `undefined` when none was reached */
export function addonStates(
  { addons }: Pick<Inventory, 'addons'>,
  seen: Observed | undefined,
  masters: Masters,
): AddonList {
  const on = new Set(addons.map(({ name }) => name));
  const states = addonCatalog().map((addon) => stateOf(addon, on.has(addon.name), seen, masters));
  return { addons: states, well: states.every(({ state }) => state === 'well' || state === 'off') };
}

type Found = Pick<AddonState, 'state' | 'problem'>;

function stateOf(addon: AddonData, on: boolean, seen: Observed | undefined, masters: Masters): AddonState {
  const found = [
    ...(isInCluster(addon) ? [inCluster(addon, on, seen)] : []),
    ...(addon.binaries.length > 0 ? [onMasters(addon, on, masters)] : []),
  ];
  const { state, problem } = found.find((one) => one.problem !== null) ?? noProblem(on);
  const images = placesOf(addon).flatMap((place) => imagesIn(seen?.object(podsOf(place))?.body));
  return { name: addon.name, version: addon.version, on, state, problem, images };
}

const noProblem = (on: boolean): Found => ({ state: on ? 'well' : 'off', problem: null });

const LEFT: Found = { state: 'left', problem: 'the inventory does not name it: up --prune takes it away' };

function inCluster(addon: AddonData, on: boolean, seen: Observed | undefined): Found {
  const answers = addon.healthy.map((path) => seen?.object(path));
  if (!seen || answers.some((answer) => answer?.status !== 200 && answer?.status !== 404))
    return { state: 'unknown', problem: 'the API server does not answer' };
  // What somebody else has set up under that name is no affair of an add-on that is off.
  if (!on)
    return answers.some((answer) => answer?.status === 200 && !isOfOthers(answer)) ? LEFT : noProblem(on);
  const problem = whyNotWell(addon, seen);
  return problem === undefined ? noProblem(on) : { state: 'waits', problem };
}

/** What somebody else has put in the place of a program is no affair of an add-on that is off. */
function onMasters(addon: AddonData, on: boolean, masters: Masters): Found {
  const placesWhere = (is: (seen: Observed, path: string) => boolean): string[] =>
    [...masters].flatMap(([name, seen]) =>
      programPaths(addon)
        .filter((path) => seen && is(seen, path))
        .map((path) => `${path} on ${name}`),
    );
  const isOurs = (seen: Observed, path: string): boolean => manifestOf(seen).has(path);
  if (!on && placesWhere(isOurs).length > 0) return LEFT;
  const lacks = placesWhere((seen, path) => seen.file(path)?.type !== 'file');
  const foreign = placesWhere((seen, path) => !isOurs(seen, path));
  if (on && lacks.length > 0) return { state: 'waits', problem: `there is no ${lacks.join(', no ')}` };
  if (on && foreign.length > 0)
    return { state: 'waits', problem: `somebody else has put there ${foreign.join(', ')}` };
  const unseen = [...masters].flatMap(([name, seen]) => (seen ? [] : [name]));
  return unseen.length > 0
    ? { state: 'unknown', problem: `${unseen.join(', ')} could not be asked` }
    : noProblem(on);
}
