import type { Command } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerStatus(root: Command, cli: Cli): void {
  const command = root.command('status');
  command
    .description(
      'health of every component, expiry of certificates, drift; exits with 3 when anything is off',
    )
    .option('--deep', 'hash every binary instead of believing its size and times')
    .option(...ACCEPT)
    .action(async () => {
      const { status } = await import('../commands/status/status.ts');
      const { deep = false } = command.optsWithGlobals<{ deep?: boolean }>();
      cli.exit(await hostRun(cli, command, undefined, false, (run) => status({ ...run, deep })));
    });
}
