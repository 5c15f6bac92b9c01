import type { Command } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerAdopt(root: Command, cli: Cli): void {
  const command = root.command('adopt [inventory]');
  command
    .description('make the state folder anew from what the masters hold, when it was lost')
    .option(...ACCEPT)
    .option('--encrypt-keys', 'keep the private keys sealed with a passphrase')
    .action(async (argument?: string) => {
      const { adopt } = await import('../commands/adopt/adopt.ts');
      cli.exit(await hostRun(cli, command, argument, true, adopt));
    });
}
