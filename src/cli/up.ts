import { type Command, Option } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun, hostRunOptions } from './shared/host-run.ts';
import { LIMIT } from './shared/limit.ts';

/** What a plan that was kept says itself. */
const SAID_BY_PLAN = ['only', 'skip', 'limit', 'prune', 'encryptKeys'];

export function registerUp(root: Command, cli: Cli): void {
  const command = hostRunOptions(root.command('up [inventory]'));
  command
    .description('bring every host to what the inventory says; a second run changes nothing')
    .option(...LIMIT)
    .addOption(
      new Option(
        '--plan <file>',
        'do what plan --out has kept, or nothing where a host is not as it was',
      ).conflicts(SAID_BY_PLAN),
    )
    .option('--prune', 'delete what an earlier run wrote and nothing wants any more')
    .option('--encrypt-keys', 'from now on keep the private keys on this machine sealed with a passphrase')
    .option('--no-encrypt-keys', 'keep them as plain files again')
    .action(async (argument: string | undefined, { plan }: { plan?: string }) => {
      const { up } = await import('../commands/up/up.ts');
      const more = plan === undefined ? {} : { kept: { file: plan, version: cli.version } };
      cli.exit(await hostRun(cli, command, argument, true, (run) => up({ ...run, ...more })));
    });
}
