import { readData } from '../kernel/data.ts';
import { commandLine, filled, flagNotes } from './flags.ts';

const FILE = 'templates/network/flanneld.yaml';

/** A row of that file. */
interface FlagRow {
  readonly value: string;
  readonly why: string;
  readonly link: string;
}

/** The command line of flanneld, and why each of its flags is there: the same for all profiles. */
export function flanneldFlags(
  binary: string,
  values: Readonly<Record<string, string>>,
): { readonly command: string; readonly flagNotes: string } {
  const rows = new Map(Object.entries(readData(FILE) as Record<string, FlagRow>));
  const flags = new Map(
    [...rows].map(([flag, { value }]) => [flag, filled(`flanneld --${flag}`, value, values) ?? ''] as const),
  );
  return {
    command: commandLine(binary, flags),
    flagNotes: flagNotes(flags, (flag) => rows.get(flag) ?? {}),
  };
}
