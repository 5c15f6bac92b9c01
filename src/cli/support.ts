import type { Command } from 'commander';
import { ACCEPT } from './shared/accept.ts';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';

export function registerSupport(root: Command, cli: Cli): void {
  const command = root.command('support [host...]');
  command
    .description('one archive for a report: units, journals, plan, versions, status; secrets are masked')
    .option('--out <file>', 'where it goes; beside the state folder by default')
    .option(...ACCEPT)
    .action(async (hosts: readonly string[]) => {
      const { support } = await import('../commands/support/support.ts');
      const { out } = command.opts<{ out?: string }>();
      const version = root.version() ?? '';
      cli.exit(
        await hostRun(cli, command, undefined, false, (run) => support({ ...run, hosts, out, version })),
      );
    });
}
