import type { Command } from 'commander';
import type { Cli } from './context.ts';

export function registerSchema(root: Command, { around }: Cli): void {
  root
    .command('schema')
    .description('print the JSON Schema of the inventory, for editors')
    .action(async () => {
      const { inventoryJsonSchema } = await import('../inventory/schema/json-schema.ts');
      around.stdout.write(`${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`);
    });
}
