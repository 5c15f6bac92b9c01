import type { Command } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './context.ts';
import { reported } from './run.ts';

export function registerExplain(root: Command, { around, exit }: Cli): void {
  const command = root.command('explain <what>');
  command
    .description('say which line and phase put a flag or a file on the hosts: explain anonymous-auth')
    // `explain --anonymous-auth` is what one would paste.
    .allowUnknownOption()
    .action(async (what: string) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'explain', async ({ emit, secrets }) => {
          const { explain } = await import('../commands/explain/explain.ts');
          return explain(what, { file, env: around.env, emit, secrets });
        }),
      );
    });
}
