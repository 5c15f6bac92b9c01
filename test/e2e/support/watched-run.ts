import type { ChildProcess } from 'node:child_process';
import type { CommandOptions } from './lab.ts';
import { type Event, type Result, failures, k8sb } from './product.ts';

export interface Watched {
  readonly result: Promise<Result>;
  readonly child: () => ChildProcess;
  /** Resolves with the first event that passes; rejects when the run ends before. */
  until(wanted: (event: Event) => boolean): Promise<Event>;
}

/** Starts `up` and lets a test act on its events as they come. */
export const startUp = (...args: readonly string[]): Watched => startRun(['up', ...args]);

export function startRun(args: readonly string[], options: CommandOptions = {}): Watched {
  let child: ChildProcess | undefined;
  let rest = '';
  const seen: Event[] = [];
  const waiting = new Set<(event: Event) => void>();
  const result = k8sb(args, {
    ...options,
    started: (process) => {
      child = process;
    },
    onStdout: (text) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts.filter((line) => line.startsWith('{'))) {
        const event = JSON.parse(part) as Event;
        seen.push(event);
        for (const tell of waiting) tell(event);
      }
    },
  });
  return {
    result,
    child: () => child!,
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const tell = (event: Event): void => {
          if (wanted(event)) resolve(event);
        };
        seen.forEach(tell);
        waiting.add(tell);
        void result.then((ended) => {
          reject(new Error(`the run ended with ${ended.code} before\n${failures(ended)}`));
        });
      }),
  };
}
