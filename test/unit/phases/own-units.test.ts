import { expect, it } from 'vitest';
import { paths } from '../../../src/kernel/host-paths.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import { observed } from '../../support/observed.ts';
import { everyHost, examples, imaginedHost, withExample } from '../../support/example-cluster.ts';

const UNIT = /^\/etc\/systemd\/system\/([^/]+\.service)$/;

/** What is put over a unit decides what runs: of every unit that is wholly ours, it is drift, and restarts it. */
it.each(examples)('nothing may be put over units of ours, in $name on $family', async (example) => {
  const { units, missed } = await withExample(example, (cluster) => {
    const seen = everyHost(cluster, () => imaginedHost(example.family));
    const found = { units: new Set<string>(), missed: [] as string[] };
    for (const stage of cluster.desire(seen)) {
      for (const host of stage.hosts) {
        const resources = stage.resources(host);
        for (const path of resources.flatMap(({ owns = [] }) => owns)) {
          const unit = UNIT.exec(path)?.[1];
          if (unit === undefined) continue;
          found.units.add(unit);
          const over = withDropIn(seen.get(host)!, unit);
          const guard = resources.find(
            (one) => one.id.startsWith('drop-ins:') && one.diff(over, new Map()).kind === 'delete',
          );
          const service = resources.find(({ id }) => id === `service:${unit}`);
          const restart = service?.diff(over, new Map([[guard?.id ?? '', { kind: 'delete', summary: '' }]]));
          const because = restart?.kind === 'restart' ? restart.because : [];
          if (guard === undefined || !because.includes(`${unit}.d changes`))
            found.missed.push(`${host} ${unit}`);
        }
      }
    }
    return found;
  });
  expect([...units]).toEqual(
    expect.arrayContaining(['etcd.service', 'kubelet.service', 'k8s-bootstrap-routes.service']),
  );
  expect(missed).toEqual([]);
});

const withDropIn = (host: Observed, unit: string): Observed => ({
  ...host,
  unit: (name) =>
    observed({ units: { [unit]: { dropIns: [`${paths.unitFolder}/${unit}.d/override.conf`] } } }).unit(name),
});
