import { type Command, InvalidArgumentError } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerLogs(root: Command, cli: Cli): void {
  const command = root.command('logs <unit> [host...]');
  command
    .description('show the journal of a unit from all hosts that have it, in the order of time')
    .option('-n, --lines <count>', 'lines of each host', count, 50)
    .option('-f, --follow', 'go on as new lines come')
    .option(...ACCEPT)
    .action(async (unit: string, hosts: string[], options: { lines: number; follow?: boolean }) => {
      const { logs } = await import('../commands/logs/logs.ts');
      const { lines, follow = false } = options;
      cli.exit(
        await hostRun(cli, command, undefined, false, (run) => logs({ ...run, unit, hosts, lines, follow })),
      );
    });
}

function count(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number.');
}
