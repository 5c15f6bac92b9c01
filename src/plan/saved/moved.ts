import type { SavedHost } from './plan-schema.ts';

/**
 * What has moved between a plan that was kept and what would be planned now, as sentences that begin with the host;
 * none when a run would do what was planned, to what it was planned for.
 */
export function moved(kept: readonly SavedHost[], now: readonly SavedHost[]): string[] {
  const found = new Map(now.map((one) => [one.host, one]));
  const known = new Set(kept.map(({ host }) => host));
  return [
    ...kept.flatMap((before) => {
      const after = found.get(before.host);
      return after ? movedOn(before, after) : [`${before.host}: could not be looked at`];
    }),
    ...now.flatMap(({ host }) =>
      known.has(host) ? [] : [`${host}: was not looked at when the plan was made`],
    ),
  ];
}

function movedOn(before: SavedHost, after: SavedHost): string[] {
  const earlier = changesOf(before);
  const later = changesOf(after);
  return [
    ...[...earlier].flatMap(([key, { title, was, change }]) => {
      const same = later.get(key);
      if (!same) return [`${before.host}: ${title} needs no ${change.kind} any more`];
      return same.was === was ? [] : [`${before.host}: ${title} is not as it was`];
    }),
    ...[...later].flatMap(([key, { title, change }]) =>
      earlier.has(key) ? [] : [`${before.host}: ${title} needs ${change.kind} now`],
    ),
    ...without(before.orphans, after.orphans).map(
      (path) => `${before.host}: ${path} is not left over any more`,
    ),
    ...without(after.orphans, before.orphans).map((path) => `${before.host}: ${path} is left over now`),
  ];
}

const without = (paths: readonly string[], others: readonly string[]): string[] =>
  paths.filter((path) => !others.includes(path));

type Change = SavedHost['phases'][number]['changes'][number];

const changesOf = ({ phases }: SavedHost): Map<string, Change> =>
  new Map(
    phases.flatMap(({ phase, changes }) =>
      changes.map((one): [string, Change] => [`${phase} ${one.id}`, one]),
    ),
  );
