import type { Command } from 'commander';
import type { Cli } from './context.ts';
import { hostRun, hostRunOptions } from './host-run.ts';

export function registerUp(root: Command, cli: Cli): void {
  const command = hostRunOptions(root.command('up [inventory]'));
  command
    .description('bring every host to what the inventory says; a second run changes nothing')
    .option('--prune', 'delete what an earlier run wrote and nothing wants any more')
    .action(async (argument?: string) => {
      const { up } = await import('../app.ts');
      cli.exit(await hostRun(cli, command, argument, true, up));
    });
}
