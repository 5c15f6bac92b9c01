import type { Command } from 'commander';
import type { Cli } from './context.ts';
import { hostRun, hostRunOptions } from './host-run.ts';

export function registerUp(root: Command, cli: Cli): void {
  const command = hostRunOptions(root.command('up [inventory]'));
  command
    .description('bring every host to what the inventory says; a second run changes nothing')
    .option('--prune', 'delete what an earlier run wrote and nothing wants any more')
    .option('--encrypt-keys', 'from now on keep the private keys on this machine sealed with a passphrase')
    .option('--no-encrypt-keys', 'keep them as plain files again')
    .action(async (argument?: string) => {
      const { up } = await import('../commands/up/up.ts');
      cli.exit(await hostRun(cli, command, argument, true, up));
    });
}
