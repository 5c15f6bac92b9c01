import type { Command } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerUnlock(root: Command, cli: Cli): void {
  const command = root.command('unlock');
  command
    .description(
      "say who is changing the hosts, and take the lock away from them; asks for the cluster's name",
    )
    .option('--yes', 'do not ask')
    .option(...ACCEPT)
    .action(async () => {
      const { unlock } = await import('../commands/unlock/unlock.ts');
      const { yes = false } = command.opts<{ yes?: boolean }>();
      cli.exit(await hostRun(cli, command, undefined, false, (run) => unlock({ ...run, yes })));
    });
}
