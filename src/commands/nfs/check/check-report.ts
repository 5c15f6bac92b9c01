import type { MountCheck, NfsProblem, ServerCheck } from '../../../answers/nfs.ts';
import type { Host } from '../../../inventory/types.ts';
import { type StepResult, inWords } from '../causes.ts';
import type { Noticed } from '../told-once.ts';
import type { Task } from './check-script.ts';

/** What the steps of one host left, and what it was asked. */
export interface Answers extends Task {
  readonly host: Host;
  readonly steps: ReadonlyMap<string, StepResult>;
  /** What was written into the files of the check. */
  readonly nonce: string;
}

/** All that was found by a check. */
export interface CheckReport {
  readonly servers: readonly ServerCheck[];
  readonly mounts: readonly MountCheck[];
  readonly problems: readonly Problem[];
}

export interface Problem extends Noticed {
  /** `mount`, `dial-rpcbind`, … */
  readonly step: string;
  /** Name or address of the server. */
  readonly server: string;
}

/** With the words of the cause filled in. */
export const told = ({ words, says, remedy, ...problem }: Problem): NfsProblem => ({
  ...problem,
  says: inWords(says, words),
  remedy: inWords(remedy, words),
});
