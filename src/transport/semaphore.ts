/** A fixed number of slots; `acquire` waits its turn, in order, and resolves to the slot's release. */
export interface Semaphore {
  acquire(signal?: AbortSignal): Promise<() => void>;
}

export function createSemaphore(slots: number): Semaphore {
  let free = slots;
  const waiting = new Set<() => void>();

  const take = (): (() => void) => {
    free -= 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      free += 1;
      const [next] = waiting;
      next?.();
    };
  };

  return {
    acquire: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        if (free > 0) {
          resolve(take());
          return;
        }
        const turn = (): void => {
          leave();
          resolve(take());
        };
        const abort = (): void => {
          leave();
          reject(signal?.reason as Error);
        };
        const leave = (): void => {
          waiting.delete(turn);
          signal?.removeEventListener('abort', abort);
        };
        waiting.add(turn);
        signal?.addEventListener('abort', abort);
      }),
  };
}
