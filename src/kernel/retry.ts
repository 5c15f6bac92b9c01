import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  readonly attempts: number;
  /** Delay before the second attempt, in ms; doubles each time up to `maxDelayMs`, with jitter. */
  readonly delayMs: number;
  readonly maxDelayMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Errors for which another attempt makes sense. */
  readonly when: (error: unknown) => boolean;
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

/** Calls `action` until it succeeds, its error is final, or the attempts are used up. */
export async function retry<T>(action: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt >= options.attempts || options.signal?.aborted || !options.when(error)) throw error;
      options.onRetry?.(error, attempt);
      const delay = Math.min(options.delayMs * 2 ** (attempt - 1), options.maxDelayMs ?? 10_000);
      await sleep(
        delay * (0.75 + Math.random() / 2),
        undefined,
        options.signal ? { signal: options.signal } : {},
      );
    }
  }
}
