import { type Command, Option } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun, hostRunOptions } from './shared/host-run.ts';
import { LIMIT } from './shared/limit.ts';

interface PlanOptions {
  readonly detailedExitcode?: boolean;
  readonly out?: string;
  readonly script?: string;
}

export function registerPlan(root: Command, cli: Cli): void {
  const command = hostRunOptions(root.command('plan [inventory]'));
  command
    .description('show what up would change: files, packages, units, and which service restarts and why')
    .option(...LIMIT)
    .option('--detailed-exitcode', 'exit with 3 when there are changes')
    .addOption(new Option('--out <file>', 'keep the plan, for up --plan'))
    .option('--script <folder>', 'write it as scripts to be run by hand, with their order in ORDER.md')
    .action(async (argument: string | undefined, options: PlanOptions) => {
      const { plan } = await import('../commands/plan/plan.ts');
      const { out, script, detailedExitcode: detailedExitCode = false } = options;
      const files = { ...(out !== undefined && { out }), ...(script !== undefined && { script }) };
      const more = { detailedExitCode, version: cli.version, ...files };
      // A plan makes nothing, not even a log.
      cli.exit(await hostRun(cli, command, argument, false, (run) => plan({ ...run, ...more })));
    });
}
