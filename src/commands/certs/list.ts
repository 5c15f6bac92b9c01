import { endOf } from '../../answers/certificates.ts';
import { unjudged } from '../../cluster/unjudged.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { WARN_DAYS } from '../../pki/spec.ts';
import { sightings } from '../../run/fleet.ts';
import { localRows } from './local.ts';
import { rowsOf } from './rows.ts';
import { questionsTo } from './sources.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { outcome } from '../../cluster/visit-hosts.ts';

export interface ListOptions extends RunOptions {
  /** Only what ends within this many milliseconds, and exit code 3 when there is any. */
  readonly within: number | undefined;
  /** Names of the inventory; none stands for all, and this machine with them. */
  readonly hosts: readonly string[];
}

/** Every certificate on every host, as it lies there and as it is served, by one look at each; exit code 3 by `within`. */
export async function listCertificates(options: ListOptions): Promise<number> {
  const { within, hosts } = options;
  const read = await readInventory(options.file, options.env, options.secrets);
  const chosen = new Set(hostNames(read.inventory, hosts));
  const run: RunOptions = {
    ...unjudged(options),
    read,
    ending: 'answer',
    only: ['base'],
    asks: questionsTo,
    takesPart: ({ name }) => chosen.has(name),
  };
  return visit(run, async ({ cluster, fleet }) => {
    const now = new Date();
    const seen = sightings(fleet);
    const all = [
      ...(hosts.length === 0 ? await localRows(cluster, now) : []),
      ...cluster.inventory.hosts.flatMap((host) => {
        const observed = seen.get(host.name);
        return observed ? rowsOf(cluster.inventory, host, observed, now) : [];
      }),
    ];
    const end = within === undefined ? undefined : new Date(now.getTime() + within);
    const rows = end ? all.filter((row) => new Date(endOf(row).notAfter) <= end) : all;
    options.emit({
      type: 'result',
      answer: 'certs-list',
      data: { certificates: rows, endBefore: end?.toISOString() ?? null, warnDays: WARN_DAYS },
    });
    const code = outcome(fleet);
    return code === 0 && end && rows.length > 0 ? ExitCode.attention : code;
  });
}
