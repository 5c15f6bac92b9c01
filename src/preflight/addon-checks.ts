import { addonData } from '../addons/catalog.ts';
import { placesTaken } from '../phases/addons/health.ts';
import { isOfOthers } from '../phases/shared/parts.ts';
import { isApiHost } from '../phases/shared/topology.ts';
import { type Check, type Result, type Subject, error } from './check.ts';

/** Whether an add-on takes the place of somebody else's program of the same name. */
export const addonsCheck: Check = {
  id: 'addons',
  title: 'what the add-ons are called is not there already',
  check({ world, host, seen }: Subject): Result[] {
    if (!isApiHost(world, host)) return [];
    return world.inventory.addons.flatMap(({ name }) => {
      const addon = addonData(name);
      const found = placesTaken(addon).filter((path) => isOfOthers(seen.object(path)));
      if (found.length === 0) return [];
      return error(
        `${found.map((path) => path.split('/').slice(-2).join(' ')).join(' and ')}: somebody else has set up ${addon.title} in this cluster`,
        `Leave ${name} out of the add-ons to keep that, or take it away first. With --ignore-preflight addons ours takes its place.`,
      );
    });
  },
};
