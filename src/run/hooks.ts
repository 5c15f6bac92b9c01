import { BootstrapError } from '../kernel/errors.ts';
import { type Hook, nameOfHook } from '../kernel/hook.ts';
import { sh } from '../kernel/quote.ts';
import type { Step } from '../resources/step.ts';
import { runSteps } from './apply.ts';
import { type Fleet, type Member, alive, onEach } from './fleet.ts';
import type { RunLock } from './lock.ts';
import { stopIfAsked } from './stop.ts';

/** Commands of somebody else's around a run and its stages. */
export interface Hooks {
  readonly list: readonly Hook[];
  readonly cluster: string;
  /** Runs a command line on this machine, and answers with its exit code and with all that it printed. */
  readonly here: (
    command: string,
    seconds: number,
    stop: AbortSignal,
  ) => Promise<{ readonly code: number; readonly output: string }>;
}

/** What a run around hooks is about. */
export interface HookPlace {
  readonly when: Hook['when'];
  readonly of: string;
  /** Hosts with changes. */
  readonly hosts: readonly string[];
}

/**
 * Runs the hooks of a place one after the other, each on all its hosts at once. What they print is told.
 * @throws E_HOOK for the first that does not end well; nothing after it is run
 */
export async function runHooks(
  fleet: Fleet,
  lock: RunLock,
  hooks: Hooks | undefined,
  { when, of, hosts }: HookPlace,
  stop: AbortSignal,
): Promise<void> {
  for (const hook of hooks?.list ?? []) {
    if (!hooks || hook.when !== when || hook.of !== of) continue;
    stopIfAsked(stop);
    const shell = (host: string): string => isolated(hook, hooks.cluster, host);
    if (hook.on === 'controller') {
      const { code, output } = await hooks.here(shell('controller'), hook.timeoutSeconds, fleet.kill);
      if (code !== 0) throw failed(hook, 'this machine', `it ended with code ${code}`, output);
      tell(fleet, hook, output);
      continue;
    }
    const names = hook.on === 'hosts' ? hosts : hook.on;
    const members = [...fleet.members.values()].filter(({ name }) => names.includes(name));
    await onEach(fleet, members, of, (member) => onHost(fleet, lock, hook, member, shell(member.name)));
    const lost = members.find((member) => member.failed);
    if (lost?.failed) throw lost.failed;
  }
}

async function onHost(
  fleet: Fleet,
  lock: RunLock,
  hook: Hook,
  member: Member,
  script: string,
): Promise<void> {
  if (!alive(fleet).includes(member)) throw failed(hook, member.name, 'it is not reached', '');
  const title = `hook ${nameOfHook(hook)}: ${hook.run}`;
  // Whatever it leaves running must not hold the lock of a step, nor read what follows.
  const step: Step = { op: 'run', title, script: `${script} 3<&- 8>&-`, seconds: hook.timeoutSeconds };
  try {
    tell(
      fleet,
      hook,
      await runSteps(fleet, lock, member, hook.of, [{ step, resource: 'hook' }]),
      member.name,
    );
  } catch (error) {
    if (!(error instanceof BootstrapError) || error.code === 'E_LOCK_LOST') throw error;
    throw failed(hook, member.name, error.message, '');
  }
}

/** With nothing of the surroundings: what is in the environment here, or of root there, is no business of a hook. */
const isolated = (hook: Hook, cluster: string, host: string): string =>
  sh`env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C ${`HOME=${host === 'controller' ? '/' : '/root'}`} ${`K8SB_CLUSTER=${cluster}`} ${`K8SB_HOOK=${nameOfHook(hook)}`} ${`K8SB_HOST=${host}`} timeout -k 5 ${String(hook.timeoutSeconds)} sh -c ${hook.run} < /dev/null`;

const LINES = 100;

function tell(fleet: Fleet, hook: Hook, output: string, host?: string): void {
  const lines = output.trimEnd().split('\n').slice(-LINES);
  const said = lines.join('\n') === '' ? 'done' : lines.join('\n');
  const message = `hook ${nameOfHook(hook)}: ${said}`;
  fleet.emit({ type: 'note', level: 'info', message, ...(host !== undefined && { host }) });
}

const failed = (hook: Hook, where: string, why: string, output: string): BootstrapError =>
  new BootstrapError(
    'E_HOOK',
    `the hook ${nameOfHook(hook)} failed on ${where}: ${[why, output.trimEnd()].filter(Boolean).join('\n')}`,
    {
      hint: 'The run stops here. Correct the command under hooks in the inventory, or its cause, and run it again.',
    },
  );
