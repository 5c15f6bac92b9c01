import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError, asBootstrapError } from '../../kernel/errors.ts';
import { type Fleet, type Member, type Watches, letGo, probeAnew } from '../../run/fleet.ts';

/** How long a look waits for a host that does not answer. */
export const PATIENCE_SECONDS = 10;

/** How long for one that was lost: a way that is refused, or is there again, is told at once. */
const LOST_SECONDS = 0.5;

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
 * with the first look after its answer. One that was lost is dialled anew in the background, one try after the other,
 * and until then is lost for the reason that was told.
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
      const endedOf = (isLost: boolean): Promise<void>[] =>
        [...asked].flatMap(([member, { ended }]) => (Boolean(member.failed) === isLost ? [ended] : []));
      await Promise.all([
        within(patienceSeconds, endedOf(false), stop),
        within(Math.min(LOST_SECONDS, patienceSeconds), endedOf(true), stop),
      ]);
      if (stop.aborted) return;
      for (const [member, { outcome }] of asked) {
        member.failed = outcome ? outcome.error : (member.failed ?? late);
        if (outcome) asked.delete(member);
      }
    },
  };
}

/** Until all have ended, but not for longer; ends early when `stop` fires. */
export async function within(
  seconds: number,
  all: readonly Promise<void>[],
  stop: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const signal = AbortSignal.any([stop, enough.signal]);
  const patience = sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
  await Promise.race([Promise.all(all), patience]);
  enough.abort();
}
