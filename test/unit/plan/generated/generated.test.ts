import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from '../../../../src/cluster/open.ts';
import { type HostSpec, kubeApi } from '../../../support/simulated/api.ts';
import { converge, mirror, openSimulated } from '../../../support/simulated/cluster.ts';
import { simulatedHost } from '../../../support/simulated/host.ts';
import { inventories } from './inventories.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8sb-generated-'));
  mirror(join(folder, 'mirror'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('no inventory leaves anything to do after what it asked for was done', async () => {
  const ground = { mirror: join(folder, 'mirror') };
  const pki = join(folder, 'pki');
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(inventories(ground), async (written) => {
      runs += 1;
      const home = join(folder, String(runs));
      mkdirSync(home);
      const file = join(home, 'inventory.yaml');
      writeFileSync(file, dump(written, { noRefs: true }));
      // Authorities of one's own for each would take most of the time.
      if (runs > 1) {
        mkdirSync(dirname(join(home, STATE)), { recursive: true, mode: 0o700 });
        cpSync(pki, join(home, STATE), { recursive: true });
      }
      const cluster = await openSimulated({
        file,
        env: { HOME: home },
        emit: () => undefined,
        secrets: new Set(),
      });
      try {
        const api = kubeApi(specs(cluster));
        if (runs === 1) cpSync(join(home, STATE), pki, { recursive: true });
        await converge(cluster, new Map(specs(cluster).map((spec) => [spec.name, simulatedHost(spec, api)])));
      } finally {
        await cluster.artifacts.close();
        rmSync(home, { recursive: true, force: true });
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  expect(runs).toBeGreaterThanOrEqual(RUNS);
}, 300_000);

const STATE = '.k8s-bootstrap/generated/pki';

const RUNS = Number(process.env['GENERATED_RUNS'] ?? 30);
/** Always the same ones. Others: `GENERATED_SEED=$RANDOM`. */
const SEED = Number(process.env['GENERATED_SEED'] ?? 1);

const specs = ({ inventory }: Cluster): readonly HostSpec[] => inventory.hosts;
