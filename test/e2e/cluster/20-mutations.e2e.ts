import { beforeAll, describe, expect, test } from 'vitest';
import { type HostName, onHost } from '../support/lab.ts';
import {
  type Case,
  type Entry,
  KINDS,
  breaking,
  entriesOf,
  expectedOf,
  idsOf,
  kindOf,
  modesOf,
  ownPaths,
  putBack,
  rounds,
  roundsOf,
  sweep,
  withEnding,
} from '../support/mutations.ts';
import { type PlannedChange, failures, k8sb, lines, standingCluster, up } from '../support/product.ts';
import { moved, startsOf } from '../support/units.ts';

const hosts = ['m1', 'w1'] as const;
const entries: Entry[] = [];

beforeAll(async () => {
  await standingCluster();
  for (const host of hosts) entries.push(...(await entriesOf(host)));
});

/** Each host's part of some entries, and what to do with it. */
const onEach = async (some: readonly Entry[], script: (paths: readonly Entry[]) => string): Promise<void> => {
  await Promise.all(
    hosts.map(async (host) => {
      const here = some.filter((entry) => entry.host === host);
      if (here.length > 0) await onHost(host, `set -e\n${script(here)}`);
    }),
  );
};

const paths = (some: readonly Entry[]): string[] => some.map(({ path }) => path);
const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/** Each restart names all of what it is for, and nothing that was not touched. */
function expectReasons(planned: readonly PlannedChange[], some: readonly Entry[]): void {
  for (const { host, id, because } of planned.filter((change) => change.id.startsWith('service:'))) {
    const unit = id.slice('service:'.length).replace(/\.service$/, '');
    const reasons = some.filter((entry) => entry.host === host && entry.units.includes(unit));
    // The controller manager reads its files again when it gets to lead, so a broken one may have ended it before.
    const mayHaveEnded = unit === 'kube-controller-manager' || reasons.some(({ watched }) => watched);
    if (mayHaveEnded && because.some((reason) => /^it (is not running|has failed)$/.test(reason))) continue;
    const named = because.flatMap((reason) => /^(\/\S+) changes$/.exec(reason)?.[1] ?? []);
    expect(unique(named), `${host} ${id}: ${because.join(', ')}`).toEqual(
      unique(reasons.map((entry) => entry.id.replace(/^\w+:/, ''))),
    );
  }
}

test('the table knows every path that was written, and no other', () => {
  expect(unique(paths(entries))).toEqual(ownPaths);
});

describe.each(KINDS)('everything broken at once by %s', (kind) => {
  test('plan lists exactly what was broken and the units that read it', async () => {
    const broken = entries.filter(({ kinds, watched }) => kinds.includes(kind) && !watched);
    const modes = new Map<HostName, string>();
    for (const host of hosts)
      modes.set(host, await onHost(host, modesOf(paths(broken.filter((entry) => entry.host === host)))));
    try {
      await onEach(broken, (here) => here.map(({ path }) => breaking(path, kind)).join('\n'));
      const plan = await k8sb(['plan', '--detailed-exitcode']);
      expect(plan.code, failures(plan)).toBe(3);
      expect(idsOf(plan.planned)).toEqual(expectedOf(broken));
      expectReasons(plan.planned, broken);
    } finally {
      await onEach(broken, (here) => putBack(paths(here)));
      for (const host of hosts) await onHost(host, modes.get(host) ?? '');
    }
    const plan = await k8sb(['plan', '--detailed-exitcode']);
    expect(lines(plan.planned), failures(plan)).toEqual([]);
  });
});

test('up repairs every path, and restarts exactly the units that read it', async () => {
  const all = roundsOf(entries);
  const numbers = new Map(entries.map((entry, index) => [entry, index]));
  for (const round of all) {
    const broken = round.map((entry) => ({ ...entry, kind: kindOf(entry, numbers.get(entry)!) }));
    const what = broken.map(({ host, path, kind }) => `${host} ${path} ${kind}`).join('\n');
    const before = await startsOf();
    await onEach(round, (here) =>
      here
        .map(({ host, path }) =>
          breaking(path, broken.find((one) => one.host === host && one.path === path)!.kind),
        )
        .join('\n'),
    );
    const result = await up();
    await onEach(round, (here) => sweep(paths(here)));
    expect(idsOf(result.planned), what).toEqual(expectedOf(round));
    expectReasons(result.planned, round);
    // The unit of the routes is reloaded: what it set is there all the time. A timer has no process.
    const restarts = round.flatMap(({ host, units }) => units.map((unit) => `${host} ${withEnding(unit)}`));
    expect(moved(before, await startsOf()), what).toEqual(
      unique(restarts).filter((unit) => unit.endsWith('.service') && !unit.includes('-routes')),
    );
  }
  const plan = await k8sb(['plan', '--detailed-exitcode']);
  expect(plan.code, failures(plan)).toBe(0);
}, 900_000);

test.each(rounds.map((round, index) => ({ index, round })))(
  'what is no file, round $index',
  async ({ round }) => {
    const before = await startsOf();
    for (const one of round) await onHost(one.on, shell(one.break));
    const plan = await k8sb(['plan', '--detailed-exitcode']);
    expect(plan.code, failures(plan)).toBe(3);
    expect(lines(plan.planned)).toEqual(round.flatMap(({ changes }) => changes).sort());
    const result = await up();
    expect(lines(result.planned)).toEqual(lines(plan.planned));
    expect(moved(before, await startsOf())).toEqual(
      round.flatMap(({ restarts = [] }: Case) => restarts).sort(),
    );
    for (const { on, undo } of round) if (undo !== undefined) await onHost(on, undo);
    const after = await k8sb(['plan']);
    expect(lines(after.planned), failures(after)).toEqual([]);
  },
);

const shell = (script: string): string =>
  `set -e\nkubectl() { /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf "$@"; }\n${script}`;
