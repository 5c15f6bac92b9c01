import type { Command } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { languageOf } from '../texts/language.ts';
import { reported } from './shared/run.ts';

export function registerExplain(root: Command, { around, exit }: Cli): void {
  const command = root.command('explain <what>');
  command
    .description(
      'say what a flag, file, unit, certificate, object, add-on or field of the inventory is for, and which line and phase put it there',
    )
    // `explain --anonymous-auth` is what one would paste.
    .allowUnknownOption()
    .action(async (what: string) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'explain', async ({ emit, secrets }) => {
          const { explain } = await import('../commands/explain/explain.ts');
          return explain(what, languageOf(options.lang, around.env), {
            file,
            env: around.env,
            emit,
            secrets,
          });
        }),
      );
    });
}
