import { outcome } from '../../cluster/visit-hosts.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { isEmpty } from '../../plan/plan.ts';
import { tellForgotten } from './forgotten.ts';

/** Says what `up` would do, and touches nothing. */
export const plan = (options: RunOptions & { readonly detailedExitCode: boolean }): Promise<number> =>
  visit({ ...options, ending: 'answer' }, async ({ cluster, fleet, tell }, found) => {
    await tell();
    tellForgotten(options, cluster, fleet);
    const code = outcome(fleet);
    return code === 0 && options.detailedExitCode && !isEmpty(found) ? ExitCode.attention : code;
  });
