import { expect, it } from 'vitest';
import { imagesIn } from '../../../src/commands/addons/images-in.ts';
import { restoredUsers } from '../../../src/commands/adopt/restored-users.ts';
import { removeSteps } from '../../../src/commands/node/remove-steps.ts';
import { userRows } from '../../../src/commands/users/list.ts';
import type { Cluster } from '../../../src/cluster/open.ts';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { accessLists } from '../../../src/phases/control-plane/users.ts';
import { type Stage, watchesAt } from '../../../src/plan/stage.ts';
import { preflightFindings } from '../../../src/preflight/preflight.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import { listed } from '../../../src/resources/cluster/object-set.ts';
import { type Example, everyHost, imaginedHost, openExample } from '../../support/example-cluster.ts';
import { anyObject, misshapen } from '../../support/hostile.ts';
import { stepsOn } from '../../support/steps-on.ts';

const ADDONS = 'addons: { metrics-server: {}, dashboard: {}, ingress-nginx: {}, tiller: {} }';
const everything: Example = {
  name: 'nfs',
  inventory: 'nfs.yaml',
  family: 'centos',
  edit: (text) => `${text}${ADDONS}\n`,
};

const fresh = (): Observed => imaginedHost(everything.family);

/** Others would only take time. */
function stagesThatAsk(
  { desire }: Pick<Cluster, 'desire'>,
  seen: ReadonlyMap<string, Observed>,
  host: string,
): ReadonlySet<string> {
  const asks = (stage: Stage): boolean => watchesAt(stage, host).some(({ kind }) => kind === 'object');
  return new Set(desire(seen).flatMap((stage) => (asks(stage) ? [stage.id] : [])));
}

it(
  'an API server that answers JSON of any other form ends nothing with a bug',
  { timeout: 300_000 },
  async () => {
    const open = await openExample(everything);
    const { cluster } = open;
    const name = cluster.inventory.hosts[0]?.name ?? '';
    const bugs = new Map<string, unknown>();
    const asking = stagesThatAsk(cluster, everyHost(cluster, fresh), name);
    for (const body of misshapen(anyObject(name))) {
      const seen = everyHost(cluster, () =>
        imaginedHost(everything.family, { more: { object: () => ({ status: 200, body }) } }),
      );
      const own = seen.get(name)!;
      const world = { ...cluster.world(seen), prune: true };
      const stages = cluster.desire(seen).filter(({ id, hosts }) => hosts.has(name) && asking.has(id));
      const uses: Readonly<Record<string, () => unknown>> = {
        plan: () => stepsOn(stages, name, own),
        preflight: () => preflightFindings(world),
        gates: () => stages.flatMap((stage) => stage.gates(name)).map((gate) => gate.judge(own)),
        forgotten: () => [cluster.forgotten(seen), cluster.revocable(seen)],
        'users list': () => userRows(cluster.users, [], [own]),
        'node remove': () => removeSteps(world, { node: 'gone', alone: true, stamp: 's', timeout: 1 }),
        adopt: () => restoredUsers([], listed(own, accessLists), new Set()),
        'addons list': () => imagesIn(body),
      };
      for (const [use, run] of Object.entries(uses)) {
        try {
          await run();
        } catch (error) {
          if (!(error instanceof BootstrapError)) bugs.set(`${use}: ${String(error)}`, body);
        }
      }
    }
    await open.close();
    expect(Object.fromEntries(bugs)).toEqual({});
  },
);
