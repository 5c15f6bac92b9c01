import { dirname } from 'node:path';
import type { Inventory } from '../inventory/types.ts';
import { sh } from '../kernel/quote.ts';
import type { Hooks } from '../run/hooks.ts';

/** The hooks of an inventory; on this machine they run in its folder. `undefined` when it has none. */
export function hooksOf({ hooks, name, file }: Inventory): Hooks | undefined {
  if (hooks.length === 0) return undefined;
  return {
    list: hooks,
    cluster: name,
    here: async (command, seconds, signal) => {
      const { localSession } = await import('../transport/local-session.ts');
      const limits = { timeoutMs: (seconds + 10) * 1000, signal };
      const whole = `${sh`cd ${dirname(file)}`} && exec ${command} 2>&1`;
      const { code, stdout } = await localSession({ host: 'controller' }).exec(whole, limits);
      return { code, output: stdout.toString('utf8') };
    },
  };
}
