import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError, asBootstrapError } from '../../kernel/errors.ts';
import { type Fleet, type Member, type Watches, letGo, probeAnew } from '../../run/fleet.ts';

/** How long a look waits for a host that does not answer. */
const PATIENCE_SECONDS = 10;

export interface Looks {
  /** One look at all hosts; ends early when `stop` fires. */
  again(stop: AbortSignal): Promise<void>;
}

interface Question {
  readonly ended: Promise<void>;
  /** There when it has ended. */
  outcome?: { readonly error: BootstrapError | undefined };
}

/**
 * Looks at hosts again and again. One that is late counts as lost, and holds nobody up: it is asked once, and counts again
 * with the first look after its answer. One that was lost is dialled anew.
 */
export function looksAt(fleet: Fleet, watches: Watches, patienceSeconds = PATIENCE_SECONDS): Looks {
  const asked = new Map<Member, Question>();
  const late = new BootstrapError('E_TIMEOUT', `no answer within ${patienceSeconds} s`);

  function ask(member: Member): Question {
    if (member.failed) void letGo(member);
    const question: Question = {
      ended: probeAnew(fleet, member, watches).then(
        () => void (question.outcome = { error: undefined }),
        (thrown: unknown) => void (question.outcome = { error: asBootstrapError(thrown) }),
      ),
    };
    return question;
  }

  return {
    async again(stop) {
      for (const member of fleet.members.values()) {
        if (!asked.has(member)) asked.set(member, ask(member));
      }
      const enough = new AbortController();
      const patience = sleep(patienceSeconds * 1000, undefined, {
        signal: AbortSignal.any([stop, enough.signal]),
      }).catch(() => undefined);
      await Promise.race([Promise.all([...asked.values()].map(({ ended }) => ended)), patience]);
      enough.abort();
      if (stop.aborted) return;
      for (const [member, { outcome }] of asked) {
        member.failed = outcome ? outcome.error : late;
        if (outcome) asked.delete(member);
      }
    },
  };
}
