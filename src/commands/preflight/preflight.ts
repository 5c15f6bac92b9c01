import { outcome } from '../../cluster/visit-hosts.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';

/** Looks at the hosts and says whether they are fit for what the inventory wants of them. */
export const preflight = (options: RunOptions): Promise<number> =>
  visit(options, ({ fleet }) => Promise.resolve(outcome(fleet)));
