import type { Known } from '../known.ts';
import type { Path } from '../problem.ts';
import type { Host, Inventory } from '../types.ts';

export interface ReportDetails {
  readonly hint?: string;
  /** Show the key in the file rather than the value. */
  readonly atKey?: boolean;
}

/** Where rules put what they find. Paths count hosts as in the inventory, ranges expanded. */
export interface Report {
  readonly error: (path: Path, message: string, details?: ReportDetails) => void;
  readonly warning: (path: Path, message: string, details?: ReportDetails) => void;
}

/** Checks one thing, for the whole inventory. */
export type Rule = (inventory: Inventory, report: Report, known: Known) => void;

export const hasRole = (host: Host, ...roles: readonly Host['roles'][number][]): boolean =>
  roles.some((role) => host.roles.includes(role));
