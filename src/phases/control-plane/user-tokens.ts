import type { Host } from '../../inventory/types.ts';
import { nameProblem } from '../../inventory/user-names.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Resource } from '../../resources/resource.ts';
import { servesOthers, tokenFile } from '../../resources/token-file.ts';
import type { Watch } from '../../probe/observe.ts';
import type { World } from '../phase.ts';
import { DECIDED } from './decided-users.ts';

export const tokensPath = `${paths.pki}/tokens.csv`;

/**
 * The token file of a master, and whether its API server reads it: for users of ours, and for those of others for whom
 * it has read it before. Nobody else's rows open a door; in profile `cis` none do.
 *
 * A row of a user whom this state folder does not know is not taken for one that nobody wants: the folder may be old.
 */
export function tokenFileOf(world: World, host: Host): TokenFile {
  const whole = tokenFileFor(world, host, () => true);
  const seen = world.seen(host.name);
  if (!world.undecided || seen === undefined) return whole;
  // It is not known yet whether the folder has what was decided last: nothing is to be added or taken by it.
  const isAsWanted = whole.resource.diff(seen, new Map()).kind === 'none';
  return isAsWanted ? whole : tokenFileFor(world, host, (name) => world.users.isDeclared(name));
}

interface TokenFile {
  readonly resource: Resource;
  readonly wanted: boolean;
}

/** @param isOurs of whom it is ours to say whether there is a row */
function tokenFileFor(world: World, host: Host, isOurs: (name: string) => boolean): TokenFile {
  const { users, inventory, prune } = world;
  const rows = users.tokenRows(isOurs);
  const bearers = users.bearers().flatMap(({ name }) => (isOurs(name) ? [name] : []));
  const known = new Set([...users.users(), ...users.revoked()].map(({ name }) => name));
  const goes = (name: string): boolean =>
    (isOurs(name) && (prune || known.has(name))) || nameProblem('user', name, true) !== undefined;
  const wanted =
    rows !== '' ||
    (inventory.profile !== 'cis' && servesOthers(tokensPath, world.seen(host.name), (name) => !goes(name)));
  const resource = tokenFile({ path: tokensPath, rows, users: bearers, goes, wanted });
  // Asked for its checks: rows of users who were revoked are refused although phase `users` may be left out.
  const watches: Watch[] = [...resource.watches, { kind: 'object', key: DECIDED }];
  return { resource: { ...resource, watches }, wanted };
}
