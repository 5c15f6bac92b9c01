import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Resource } from '../../resources/resource.ts';
import { servesOthers, tokenFile } from '../../resources/token-file.ts';
import type { World } from '../phase.ts';

export const tokensPath = `${paths.pki}/tokens.csv`;

/**
 * The token file of a master, and whether its API server reads it: for users of ours, and for those of others for whom
 * it has read it before. Nobody else's rows open a door; in profile `cis` none do.
 */
export function tokenFileOf(world: World, host: Host): { resource: Resource; wanted: boolean } {
  const rows = world.users.tokenRows(world.prune);
  const wanted =
    rows !== '' || (world.inventory.profile !== 'cis' && servesOthers(tokensPath, world.seen(host.name)));
  return { resource: tokenFile({ path: tokensPath, rows, wanted }), wanted };
}
