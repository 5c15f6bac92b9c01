import { randomBytes } from 'node:crypto';
import { BootstrapError } from '../kernel/errors.ts';
import { readable } from '../kernel/quotable.ts';
import type { Due } from '../plan/planner.ts';
import { LOCK_GONE, type NamedStep, compile, describe } from '../resources/compile.ts';
import { moreSeconds } from '../resources/duration.ts';
import { changes } from '../resources/resource.ts';
import type { Content, Step } from '../resources/step.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';
import { lockLost } from './lock-holder.ts';
import type { RunLock } from './lock.ts';

/**
 * Applies the changes of one phase on one host: one script, one exec, all content behind it.
 * @throws E_STEP naming the step that failed and what it printed; E_LOCK_LOST
 */
export async function applyOn(
  fleet: Fleet,
  lock: RunLock,
  member: Member,
  phase: string,
  due: readonly Due[],
): Promise<void> {
  const steps: OwnedStep[] = [];
  for (const { resource, change } of due) {
    if (!member.seen) continue;
    if (change.kind === 'unknown') throw stillUnknown(change.waitsFor, resource.id);
    for (const step of await resource.steps(change, member.seen)) {
      steps.push({ id: String(steps.length), step, resource: resource.id });
    }
  }
  await execute(fleet, lock, member, phase, steps);
  for (const { resource, change } of due) if (changes(change)) member.done.set(resource.id, change);
  member.changed += due.length;
}

/** Takes away what nothing wants any more, files before the folders they are in. */
export async function pruneOn(
  fleet: Fleet,
  lock: RunLock,
  member: Member,
  paths: readonly string[],
): Promise<void> {
  const steps = paths
    .toSorted()
    .reverse()
    .map((path, index): OwnedStep => ({ id: String(index), step: { op: 'prune', path }, resource: path }));
  await execute(fleet, lock, member, 'prune', steps);
  member.changed += steps.length;
}

/**
 * Runs steps that no plan has: what they do is asked for by a command, and cannot be seen as a state of the host.
 * Answers with what they printed.
 */
export const runSteps = (
  fleet: Fleet,
  lock: RunLock,
  member: Member,
  phase: string,
  steps: readonly Omit<OwnedStep, 'id'>[],
): Promise<string> =>
  execute(
    fleet,
    lock,
    member,
    phase,
    steps.map((step, index) => ({ ...step, id: String(index) })),
  );

interface OwnedStep extends NamedStep {
  readonly resource: string;
}

async function execute(
  fleet: Fleet,
  lock: RunLock,
  member: Member,
  phase: string,
  steps: readonly OwnedStep[],
): Promise<string> {
  const nonce = randomBytes(16).toString('hex');
  const batch = compile(steps, { nonce, phase, lock: await lock.proofOn(member) });
  const progress = follow(nonce, steps, (event, step, milliseconds) => {
    const title = describe(step.step);
    if (event === 'begin') fleet.emit({ type: 'step.started', phase, host: member.name, step: title });
    if (event !== 'ok') return;
    fleet.emit({ type: 'step.done', phase, host: member.name, step: title, milliseconds });
    if (step.step.op === 'unit' && step.step.verb === 'restart') member.restarted.push(step.step.unit);
  });
  const result = await runOn(fleet, member, {
    script: batch.script,
    payload: payload(batch.contents, (bytes, total) => {
      fleet.emit({ type: 'upload', host: member.name, bytes, total });
    }),
    onStdout: progress,
    moreMs: moreSeconds(steps.map(({ step }) => step)) * 1000,
  });
  if (result.code === LOCK_GONE) throw lockLost(member.name, 'somebody else has it, or nobody');
  if (result.code !== 0) {
    throw stepFailure(fleet, nonce, steps, result.stdout, result.stderr.toString('utf8'), result.code);
  }
  return spoken(nonce, result.stderr.toString('utf8')).join('\n');
}

/** What steps have printed, without our marks. */
const spoken = (nonce: string, stderr: string): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith(nonce));

const stillUnknown = (waitsFor: string, resource: string): BootstrapError =>
  new BootstrapError('E_UNKNOWN', `it cannot be told what to do yet: this needs ${waitsFor}`, {
    hint: 'Phases left out by --only or --skip, or a component that does not answer? k8s-bootstrap status shows which.',
    where: { resource },
  });

/** The contents one after the other; progress is told for what is big enough to be waited for. */
async function* payload(
  contents: readonly Content[],
  onProgress: (bytes: number, total: number) => void,
): AsyncGenerator<Uint8Array> {
  const total = contents.reduce((sum, { size }) => sum + size, 0);
  let sent = 0;
  let told = 0;
  for (const content of contents) {
    for await (const chunk of content.open()) {
      yield chunk;
      sent += chunk.length;
      if (total > 4_000_000 && (sent - told > total / 50 || sent === total)) {
        told = sent;
        onProgress(sent, total);
      }
    }
  }
}

type Listener = (event: 'begin' | 'ok', step: NamedStep, milliseconds: number) => void;

/** Reads the step markers off stdout as they come. */
function follow(nonce: string, steps: readonly NamedStep[], listen: Listener): (chunk: Buffer) => void {
  const byId = new Map(steps.map((step) => [step.id, step]));
  let rest = '';
  let began = performance.now();
  return (chunk) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [mark, event, id] = line.split(' ');
      const step = byId.get(id ?? '');
      if (mark !== nonce || !step || (event !== 'begin' && event !== 'ok')) continue;
      if (event === 'begin') began = performance.now();
      listen(event, step, Math.round(performance.now() - began));
    }
  };
}

/** Where kubectl shows the patch and the whole object that the cluster has, which may be a Secret. */
const APPLIED = /(error when applying patch:)[\s\S]*?\n(for: )/g;

function stepFailure(
  { knownError }: Fleet,
  nonce: string,
  steps: readonly OwnedStep[],
  stdout: Buffer,
  stderr: string,
  code: number,
): BootstrapError {
  const failed = new RegExp(`^${nonce} fail (\\d+) (\\d+)$`, 'm').exec(stdout.toString('utf8'));
  const step = steps.find(({ id }) => id === failed?.[1]);
  const said = stderr.slice(step ? stderr.lastIndexOf(`${nonce} begin ${step.id}`) : 0);
  const lines = spoken(nonce, said.replaceAll(APPLIED, '$1 …\n$2'));
  const what = step
    ? `${describe(step.step)} failed with code ${failed?.[2] ?? code}`
    : `the batch of steps ended with code ${code}`;
  const known = knownError(lines.join('\n'));
  return new BootstrapError(
    known?.code ?? 'E_STEP',
    `${what}${lines.length > 0 ? `:\n${readable(lines.slice(-15).join('\n'))}` : ''}`,
    {
      hint:
        known?.hint ??
        'Run the same command again when the cause is gone: it goes on where this one stopped.',
      ...(step ? { where: { resource: step.resource, ...unitOf(step.step) } } : {}),
    },
  );
}

const unitOf = (step: Step): { unit?: string } => (step.op === 'unit' ? { unit: step.unit } : {});
