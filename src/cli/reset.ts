import { type Command } from 'commander';
import { ACCEPT } from './shared/accept.ts';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';

interface ResetCommandOptions {
  readonly limit?: string[];
  readonly deleteData?: boolean;
  readonly packages?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: string;
}

export function registerReset(root: Command, cli: Cli): void {
  const command = root.command('reset');
  command
    .description('make hosts what they were before the first run')
    .option(
      '--limit <host...>',
      'these hosts only, when "node remove" has taken them out of a cluster that goes on',
    )
    .option('--delete-data', 'the data of etcd, its snapshots and what is exported by NFS as well')
    .option('--packages', 'remove the packages that were installed, too')
    .option('--dry-run', 'tell the steps, and do nothing')
    .option('--yes <name>', "do not ask: the cluster's name, as it would be typed")
    .option(...ACCEPT)
    .action(async () => {
      const {
        limit: hosts = [],
        deleteData = false,
        packages = false,
        dryRun = false,
        yes = false,
      } = command.opts<ResetCommandOptions>();
      const { reset } = await import('../commands/reset/reset.ts');
      const options = { hosts, deleteData, packages, dryRun, yes };
      cli.exit(await hostRun(cli, command, undefined, true, (run) => reset({ ...run, ...options })));
    });
}
