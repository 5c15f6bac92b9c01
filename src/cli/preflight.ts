import type { Command } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun, hostRunOptions } from './shared/host-run.ts';

export function registerPreflight(root: Command, cli: Cli): void {
  const command = hostRunOptions(root.command('preflight [inventory]'));
  command.description('check the hosts without changing them').action(async (argument?: string) => {
    const { preflight } = await import('../commands/preflight/preflight.ts');
    cli.exit(await hostRun(cli, command, argument, false, preflight));
  });
}
