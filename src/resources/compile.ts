import { paths } from '../kernel/host-paths.ts';
import { quote, sh } from '../kernel/quote.ts';
import { PATH_LINE } from '../probe/probe.ts';
import type { Content, Step } from './step.ts';
import { type Brought, fetch, folderOf, prune, rightsOf, setAttributes, write } from './steps/files.ts';
import { firstLook } from './steps/before.ts';
import { FUNCTIONS, STATE } from './steps/functions.ts';
import { installPackages } from './steps/packages.ts';
import { unit } from './steps/units.ts';

/** Tokens of runs whose lock somebody took away: a file of its own, so that no other run's can be hit. */
export const LOCK_REVOKED = `${STATE}/lock.revoked`;

/** The exit code of a batch that found the lock to be another's, or nobody's; nothing of it was run then. */
export const LOCK_GONE = 76;

/** What a batch is made for. */
export interface BatchContext {
  readonly nonce: string;
  readonly phase: string;
  /** The token of the run's lock: without it being held on the host, nothing is done there. */
  readonly lock: string;
}

/** A batch of steps for one host: a script, and the bytes that follow it on the same stdin. */
export interface Batch {
  readonly script: string;
  readonly contents: readonly Content[];
}

/** One step with the ids its markers carry. */
export interface NamedStep {
  readonly id: string;
  readonly step: Step;
}

/**
 * Steps as one POSIX sh script that stops at its first failure. Each step prints
 * `NONCE begin ID`, then `NONCE ok ID` or `NONCE fail ID CODE` on stdout; what its commands print goes
 * to stderr, behind the same begin line. Contents are read from descriptor 3 in the order of the steps that need them.
 */
export function compile(steps: readonly NamedStep[], context: BatchContext): Batch {
  const { nonce } = context;
  const lines = [
    prelude(context),
    ...steps.flatMap(({ id, step }) => [
      `echo ${quote(`${nonce} begin ${id}`)}; echo ${quote(`${nonce} begin ${id}`)} >&2`,
      // In a subshell that `set -e` ends: a step stops at its own first failing command.
      `( set -e; ${command(step)}\n) >&2 <&4; code=$?`,
      `if [ $code -ne 0 ]; then echo ${quote(`${nonce} fail ${id}`)} $code; exit 1; fi`,
      `echo ${quote(`${nonce} ok ${id}`)}`,
    ]),
  ];
  return { script: lines.join('\n'), contents: steps.flatMap(({ step }) => contentOf(step)) };
}

export function describe(step: Step): string {
  switch (step.op) {
    case 'write':
      return `write ${step.path}`;
    case 'fetch':
      return `fetch ${step.path}`;
    case 'attributes':
      return `set mode ${step.attributes.mode} on ${step.path}`;
    case 'directory':
      return `make folder ${step.path}`;
    case 'link':
      return `link ${step.path}`;
    case 'remove':
      return `remove ${step.path}`;
    case 'prune':
      return `prune ${step.path}`;
    case 'packages':
      return `install ${step.names.join(' ')}`;
    case 'unit':
      return `${step.verb} ${step.unit}`;
    case 'run':
      return step.title;
  }
}

/**
 * Descriptor 4 is /dev/null for commands that read; 8 is a lock that a step holds
 * on to even when its controller has died. Under it the run's own lock is looked at: whoever takes that next waits for
 * 8 first, so nobody comes between the look and the steps. What steps that were cut off have left under `tmp` goes.
 */
const prelude = ({ phase, lock }: BatchContext): string =>
  `
${PATH_LINE}
umask 077
phase=${quote(phase)}
exec 4</dev/null
S=${STATE}
mkdir -p $S/originals $S/revisions
exec 8>>$S/busy
flock -w 60 8 || { echo 'a step of an earlier run is still working on this host' >&2; exit 75; }
exec 7>>${paths.lock}
if flock -n 7 || ! grep -qsxF -- ${quote(lock)} ${paths.lockOwner} || grep -qsxF -- ${quote(lock)} ${LOCK_REVOKED}; then exit ${LOCK_GONE}; fi
exec 7>&-
rm -rf $S/tmp
mkdir $S/tmp
${FUNCTIONS}
${firstLook()}`.trim();

/** One step as sh, by the functions that a prelude brings; its content comes on descriptor 3. */
export function command(step: Step, brought: Brought = 'in a stream'): string {
  switch (step.op) {
    case 'write':
      return write(step, brought);
    case 'fetch':
      return fetch(step);
    case 'attributes':
      return setAttributes(step);
    case 'directory':
      return `folder ${quote(step.path)} ${rightsOf(step.attributes)}`;
    case 'link':
      return `root_only ${quote(folderOf(step.path))}\nown ${quote(step.path)} link\nln -sfn -- ${quote(step.target)} ${quote(step.path)}`;
    case 'remove':
      return `own ${quote(step.path)} removed\nrm -f -- ${quote(step.path)}\ndisown ${quote(step.path)}`;
    case 'prune':
      return prune(step.path);
    case 'packages':
      return installPackages(step);
    case 'unit':
      return unit(step.verb, step.unit, step.inputs);
    case 'run':
      // What the script leaves unread is read all the same, or the next step would get it.
      if (step.stdin && brought === 'as a file') return `(\n${step.script}\n) <&3`;
      return step.stdin
        ? `${sh`head -c ${step.stdin.size}`} <&3 | {\n(\n${step.script}\n)\ncat > /dev/null\n}`
        : step.script;
  }
}

const contentOf = (step: Step): Content[] => {
  if (step.op === 'write') return [step.content];
  return step.op === 'run' && step.stdin ? [step.stdin] : [];
};
