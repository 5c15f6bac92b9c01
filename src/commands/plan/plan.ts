import { outcome } from '../../cluster/visit-hosts.ts';
import { tellAtWork } from '../../cluster/at-work.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { isEmpty } from '../../plan/plan.ts';
import { keptPlan } from '../../run/converge.ts';
import { tellForgotten } from './forgotten.ts';
import { tellRotations } from './rotations.ts';
import { refuseOther, writePlan } from './saved-plan.ts';
import { tellUntouched } from './untouched.ts';

export interface PlanOptions extends RunOptions {
  readonly detailedExitCode: boolean;
  /** Where the plan is kept. */
  readonly out?: string;
  /** The folder that gets it as scripts. */
  readonly script?: string;
  /** Of the program. */
  readonly version: string;
}

/** Says what `up` would do, and touches nothing. */
export async function plan(options: PlanOptions): Promise<number> {
  const { out, script, only, skip, limit, secrets, version, emit } = options;
  if (out !== undefined) await refuseOther(out);
  if (script !== undefined) await (await import('./script/folder.ts')).refuseOtherFolder(script);
  return visit({ ...options, ending: 'answer' }, async ({ cluster, fleet, goal, tell }, found) => {
    await tell();
    tellAtWork(emit, fleet);
    tellForgotten(options, cluster, fleet);
    tellRotations(options, cluster);
    await tellUntouched(options, cluster, fleet);
    if (out !== undefined) {
      const key = await cluster.pki.ensurePlanKey();
      const selection = {
        ...(only && { only: [...only] }),
        ...(skip && { skip: [...skip] }),
        ...(limit && { limit: [...limit] }),
      };
      const { inventory } = cluster;
      await writePlan(out, await keptPlan(fleet, goal, found, key), {
        inventory,
        selection,
        key,
        secrets,
        version,
      });
      emit({
        type: 'note',
        level: 'info',
        message: `kept in ${out}; "up --plan ${out}" does this and nothing else`,
      });
    }
    if (script !== undefined) {
      const { writeScripts } = await import('./script/write-scripts.ts');
      await writeScripts(script, options, cluster, fleet, goal, found);
    }
    const code = outcome(fleet, limit);
    return code === 0 && options.detailedExitCode && !isEmpty(found) ? ExitCode.attention : code;
  });
}
