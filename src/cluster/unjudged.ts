import { checks } from '../preflight/preflight.ts';
import type { RunOptions } from './visit.ts';

/**
 * A run that only looks, or does something else than `up`: whether hosts are fit for that is another question. It is
 * refused by no check that may be passed over, and none is told but those that are named.
 */
export const unjudged = <Options extends RunOptions>(
  options: Options,
  told: ReadonlySet<string> = new Set(),
): Options => ({
  ...options,
  emit: (event) => {
    if (event.type !== 'preflight' || told.has(event.check)) options.emit(event);
  },
  ignorePreflight: checks.map(({ id }) => id),
});
