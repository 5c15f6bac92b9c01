import { oncePer } from '../kernel/once-per.ts';
import type { Observed, Watch } from '../probe/observe.ts';

/** What this program has written on a host: `digest|directory|link TAB path TAB phase` a line. */
export const MANIFEST = '/var/lib/k8s-bootstrap/manifest';

export const manifestWatch: Watch = { kind: 'file', key: MANIFEST, read: 'content' };

export interface ManifestEntry {
  readonly path: string;
  /** SHA-256 of what was written, or `directory` or `link`. */
  readonly written: string;
  readonly phase: string;
}

export const manifestOf = oncePer((seen: Observed): ReadonlyMap<string, ManifestEntry> => {
  const state = seen.file(MANIFEST);
  const text = state?.type === 'file' ? (state.content?.toString('utf8') ?? '') : '';
  const entries = text.split('\n').flatMap((line): [string, ManifestEntry][] => {
    const [, written = '', path = '', phase = ''] = LINE.exec(line) ?? [];
    return path === '' ? [] : [[path, { path, written, phase }]];
  });
  return new Map(entries);
});

/**
 * Whether it is there and does not hold what was written, as after a power cut on a host where it was not synced. With it
 * went what is ours: the next write would keep our own files as somebody's originals.
 */
export function isDamaged(seen: Observed): boolean {
  const state = seen.file(MANIFEST);
  if (state === undefined || state.type === 'absent') return false;
  if (state.type !== 'file' || state.size === 0) return true;
  return state.content !== undefined && !isWhole(state.content.toString('utf8'));
}

const isWhole = (text: string): boolean =>
  text.endsWith('\n') &&
  text
    .slice(0, -1)
    .split('\n')
    .every((line) => LINE.test(line));

/** A line that is not wholly of this form is none of ours. */
const LINE = /^([\w-]+)\t(\/[^\t\0]+)\t([\w-]+)$/;
