import type { Command } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { reported } from './shared/run.ts';

interface TrustFlags extends GlobalOptions {
  readonly replace?: boolean;
  readonly yes?: boolean;
}

export function registerTrust(root: Command, { around, exit }: Cli): void {
  const command = root.command('trust [host...]');
  command
    .description('look at the keys of hosts (default: all) and remember them as the right ones')
    .option('--replace', 'also where another key is known, after a reinstallation')
    .option('--yes', 'do not ask: the fingerprints have been compared')
    .action(async (hosts: string[]) => {
      const { replace = false, yes = false, ...options } = command.optsWithGlobals<TrustFlags>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'trust', async ({ emit, secrets, confirm, kill }) => {
          const { trust } = await import('../commands/trust/trust.ts');
          const agree = yes ? () => Promise.resolve(true) : confirm;
          return trust({ file, env: around.env, emit, secrets, hosts, replace, confirm: agree, kill });
        }),
      );
    });
}
