import type { Command } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { reported } from './shared/run.ts';

export function registerValidate(root: Command, { around, exit }: Cli): void {
  const command = root.command('validate [inventory]');
  command.description('check the inventory without asking any host').action(async (argument?: string) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const file = inventoryFile(argument, options, around.env);
    exit(
      await reported(around, options, undefined, 'validate', async ({ emit, secrets }) => {
        const { validate } = await import('../commands/validate/validate.ts');
        return validate(file, around.env, secrets, emit);
      }),
    );
  });
}
