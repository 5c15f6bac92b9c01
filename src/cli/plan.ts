import type { Command } from 'commander';
import type { Cli } from './context.ts';
import { hostRun, hostRunOptions } from './host-run.ts';

export function registerPlan(root: Command, cli: Cli): void {
  const command = hostRunOptions(root.command('plan [inventory]'));
  command
    .description('show what up would change: files, packages, units, and which service restarts and why')
    .option('--detailed-exitcode', 'exit with 3 when there are changes')
    .action(async (argument: string | undefined, options: { detailedExitcode?: boolean }) => {
      const { plan } = await import('../commands/plan/plan.ts');
      const detailedExitCode = options.detailedExitcode ?? false;
      // A plan makes nothing, not even a log.
      cli.exit(await hostRun(cli, command, argument, false, (run) => plan({ ...run, detailedExitCode })));
    });
}
