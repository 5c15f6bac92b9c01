import { createInterface } from 'node:readline/promises';
import type { Confirm } from '../app/first-contact.ts';
import type { GlobalOptions, Surroundings } from './context.ts';

/**
 * A question on the terminal, answered by y or n; `undefined` when nobody can answer (a pipe, `--json`).
 * The end of the input and an interrupt count as no.
 * @param ready waits until the terminal is free and shows all there was to tell
 */
export function asker(
  { stdin, stderr }: Surroundings,
  { json }: GlobalOptions,
  ready: () => Promise<void>,
  stop: AbortSignal,
): Confirm | undefined {
  if (json || !stdin.isTTY || !stderr.isTTY) return undefined;
  return async (question) => {
    await ready();
    const lines = createInterface({ input: stdin, output: stderr, terminal: false });
    try {
      const ended = new Promise<string>((resolve) => {
        lines.once('close', () => {
          resolve('');
        });
      });
      const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal: stop }), ended]);
      return /^y(es)?$/i.test(answer.trim());
    } catch {
      return false;
    } finally {
      lines.close();
    }
  };
}
