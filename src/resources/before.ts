import { oncePer } from '../kernel/once-per.ts';
import { paths } from '../kernel/host-paths.ts';
import type { Observed, Watch } from '../probe/observe.ts';

/**
 * What a host was like before this program changed it, as far as no file tells: `kind TAB key TAB value` a line, written
 * ahead of the change and never again. Files have their originals
 * (`steps/files.ts`), and what was opened in firewalld has a record of its own (`network/firewall.ts`).
 */
export const BEFORE = `${paths.state}/before`;

export const beforeWatch: Watch = { kind: 'file', key: BEFORE, read: 'content' };

const KINDS = [
  // An account that was not there.
  'account',
  // A switch of SELinux; its value.
  'boolean',
  // A file of the system's that was edited in place; the digest of what it is since.
  'edited',
  // A folder that was there; its mode and owner.
  'folder',
  // The host's own name.
  'hostname',
  // A folder that was not there, above a file of ours.
  'made',
  // A kernel module that was not loaded.
  'module',
  // A package that was not installed.
  'package',
  // How strict SELinux was.
  'selinux',
  // A device or file that was swapped to.
  'swap',
  // A kernel parameter; its value.
  'sysctl',
  // A unit; `ActiveState=… UnitFileState=…`.
  'unit',
] as const;

export type BeforeKind = (typeof KINDS)[number];

export interface BeforeEntry {
  readonly kind: BeforeKind;
  readonly key: string;
  readonly value: string;
}

/** A line of another form is none of ours. */
export const beforeOf = oncePer((seen: Observed): readonly BeforeEntry[] => {
  const state = seen.file(BEFORE);
  const text = state?.type === 'file' ? (state.content?.toString('utf8') ?? '') : '';
  return text.split('\n').flatMap((line): BeforeEntry[] => {
    const [kind = '', key, value, ...more] = line.split('\t');
    const isOurs =
      KINDS.some((one) => one === kind) && key !== undefined && value !== undefined && more.length === 0;
    return isOurs ? [{ kind: kind as BeforeKind, key, value }] : [];
  });
});

/** The entries of one kind, as they were written. */
export const ofKind = (before: readonly BeforeEntry[], kind: BeforeKind): readonly BeforeEntry[] =>
  before.filter((entry) => entry.kind === kind);
