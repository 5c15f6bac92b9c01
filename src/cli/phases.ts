import type { Command } from 'commander';
import type { Cli } from './shared/context.ts';

export function registerPhases(root: Command, { around }: Cli): void {
  root
    .command('phases')
    .description('list the phases of up, in order')
    .action(async () => {
      const { phases } = await import('../phases/index.ts');
      for (const { id, title } of phases) around.stdout.write(`${id.padEnd(20)}${title}\n`);
    });
}
