import { Argument, type Command } from 'commander';
import type { Cli } from './shared/context.ts';

/** What there is a schema of; each is loaded when it is asked for. */
const SCHEMAS: Readonly<Record<string, () => Promise<unknown>>> = {
  inventory: async () => (await import('../inventory/schema/json-schema.ts')).inventoryJsonSchema(),
  plan: async () => (await import('../plan/saved/plan-schema.ts')).planJsonSchema(),
};

export function registerSchema(root: Command, { around }: Cli): void {
  root
    .command('schema')
    .description(
      'print the JSON Schema of the inventory, for editors, or of plans, for programs that read them',
    )
    .addArgument(
      new Argument('[of]', 'what the schema is of').choices(Object.keys(SCHEMAS)).default('inventory'),
    )
    .action(async (of: string) => {
      around.stdout.write(`${JSON.stringify(await SCHEMAS[of]?.(), null, 2)}\n`);
    });
}
