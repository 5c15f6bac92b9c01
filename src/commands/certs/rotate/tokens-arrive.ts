import { setTimeout } from 'node:timers/promises';
import { someOf } from '../../../kernel/some-of.ts';
import { stopIfAsked } from '../../../run/stop.ts';
import type { Pod } from './pods.ts';
import type { Rotating } from './visit-rotation.ts';

/**
 * Until a kubelet has brought a changed secret to its pods (its sync period is a minute, and up to half of that more), and
 * a client has read it again (client-go does every minute: https://github.com/kubernetes/client-go/blob/v0.16.3/transport/token_source.go).
 */
const ARRIVE_SECONDS = 180;

/** Nobody should wonder for longer whether it goes on. */
const TELL_SECONDS = 30;

/** The clock, and the wait for it. */
interface Clock {
  readonly now: () => number;
  readonly sleep: (milliseconds: number, stop: AbortSignal) => Promise<void>;
}

const real: Clock = {
  now: Date.now,
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
};

/**
 * Waits until pods that were started with the former tokens have the new ones. A pod that was started since has had the
 * new one from the beginning: where there are no others, there is nothing to wait for.
 * @throws E_ABORTED
 */
export async function tokensArrive(
  { fleet, stop }: Pick<Rotating, 'fleet' | 'stop'>,
  earlier: readonly Pod[],
  ready: Date,
  { now, sleep }: Clock = real,
): Promise<void> {
  if (earlier.length === 0) return;
  const names = someOf(earlier.map(({ namespace, name }) => `${namespace}/${name}`));
  const seconds = (): number => Math.ceil((ready.getTime() - now()) / 1000) + ARRIVE_SECONDS;
  const why = `until pods that were started before have got the new tokens from their kubelets and read them: ${names}`;
  for (let left = seconds(), first = true; left > 0; left = seconds(), first = false) {
    const message = first ? `waits ${left} s, ${why}` : `waits ${left} s more`;
    fleet.emit({ type: 'note', level: 'info', message });
    await sleep(Math.min(left, TELL_SECONDS) * 1000, stop);
    stopIfAsked(stop);
  }
}
