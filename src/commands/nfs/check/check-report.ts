import type { Host } from '../../../inventory/types.ts';
import { type Cause, type StepResult, type Words, inWords } from '../causes.ts';
import type { Task } from './check-script.ts';

/** What the steps of one host left, and what it was asked. */
export interface Answers extends Task {
  readonly host: Host;
  readonly steps: ReadonlyMap<string, StepResult>;
  /** What was written into the files of the check. */
  readonly nonce: string;
}

/** All that was found by a check. Plain data. */
export interface CheckReport {
  readonly servers: readonly ServerCheck[];
  readonly mounts: readonly MountCheck[];
  readonly problems: readonly Problem[];
}

export interface ServerCheck {
  /** Name in the inventory. */
  readonly server: string;
  /** States of its units, by name. */
  readonly services: Readonly<Record<string, string>>;
  /** Which of `nfs` and `mountd` rpcbind knows; `null` where nobody needs rpcbind. */
  readonly registered: readonly string[] | null;
  /** Paths of the inventory that it exports right now, and those it should. */
  readonly exported: readonly string[];
  readonly missing: readonly string[];
}

/** How one export fares on one node. */
export interface MountCheck {
  readonly node: string;
  /** `n1:/nfsdata`. */
  readonly export: string;
  /** `read-only` and `kept out` when the inventory wants just that; `skipped` when something before it failed. */
  readonly result: 'ok' | 'read-only' | 'kept out' | 'failed' | 'skipped';
  /** `4.2`; `null` when it was not mounted. */
  readonly version: string | null;
  /** By step: `reach`, `list`, `mount`, `write`, `read`, `delete`, `unmount`; one that was not made is not there. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface Problem extends Cause {
  /** Where it was noticed. */
  readonly host: string;
  /** `mount`, `dial-rpcbind`, … */
  readonly step: string;
  /** Name or address of the server. */
  readonly server: string;
  readonly path: string | null;
  /** What the program said, as it said it. */
  readonly said: string;
  /** For the words of the cause. */
  readonly words: Words;
}

/** As `--json` has it: the words of the cause are complete. */
export const told = ({ words, says, remedy, ...problem }: Problem): Omit<Problem, 'words'> => ({
  ...problem,
  says: inWords(says, words),
  remedy: inWords(remedy, words),
});
