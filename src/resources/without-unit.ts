import { sha256 } from './content.ts';
import type { Observed } from '../probe/observe.ts';
import { manifestOf, manifestWatch } from './manifest.ts';
import { type Change, type Resource, none } from './resource.ts';

export interface WithoutUnitSpec {
  readonly unit: string;
  /** Files that came with it; each goes while it is in the host's manifest and still is what was written. */
  readonly files: readonly string[];
  /** The same of what no plan shows. */
  readonly secrets?: readonly string[];
}

/** A unit of ours that the inventory wants no more: it does not run on, now or after a boot, and its files go. */
export const withoutUnit = ({ unit, files, secrets = [] }: WithoutUnitSpec): Resource => ({
  id: `without:${unit}`,
  title: unit,
  watches: [
    manifestWatch,
    { kind: 'unit', key: unit, inputs: [] },
    ...files.map((key) => ({ kind: 'file', key, read: 'hash' }) as const),
    ...secrets.map((key) => ({ kind: 'file', key, read: 'secret' }) as const),
  ],
  diff(seen): Change {
    const ours = left(seen, files, secrets);
    const state = seen.unit(unit);
    // Without a file of ours it is somebody else's unit of that name.
    if (ours.length === 0) return none('is not there');
    const runs = state?.active === 'active' || state?.enabled === 'enabled';
    return { kind: 'delete', summary: `${runs ? 'stop it, and ' : ''}take away ${ours.join(', ')}` };
  },
  steps: (_change, seen) => [
    ...(seen.unit(unit)?.load === 'loaded'
      ? (['stop', 'disable'] as const).map((verb) => ({ op: 'unit', verb, unit }) as const)
      : []),
    ...left(seen, files, secrets).map((path) => ({ op: 'prune', path }) as const),
  ],
});

/** What somebody has changed is theirs by now, and is told as left over. */
function left(seen: Observed, files: readonly string[], secrets: readonly string[]): string[] {
  const written = manifestOf(seen);
  return [...files, ...secrets].filter((path) => {
    const state = seen.file(path);
    const digest = written.get(path)?.written;
    if (state?.type !== 'file' || digest === undefined) return false;
    return state.sha256 === (secrets.includes(path) ? sha256(seen.nonce + digest) : digest);
  });
}
