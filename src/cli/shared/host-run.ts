import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RunOptions } from '../../cluster/visit.ts';
import { type Cli, type GlobalOptions, inventoryFile } from './context.ts';
import { reported } from './run.ts';
import { ACCEPT } from './accept.ts';

/** Options of the commands that go to the hosts by way of the phases. */
export interface HostRunOptions extends GlobalOptions {
  readonly acceptNewHostKeys?: boolean;
  readonly ignorePreflight?: string[];
  readonly only?: string[];
  readonly skip?: string[];
  readonly limit?: string[];
  readonly prune?: boolean;
  readonly encryptKeys?: boolean;
}

export const hostRunOptions = (command: Command): Command =>
  command
    .option(...ACCEPT)
    .option('--ignore-preflight <id...>', 'go on although this check fails')
    .option('--only <phase...>', 'these phases only')
    .option('--skip <phase...>', 'all phases but these');

/** Calls a function of `cluster/visit.ts` behind a reporter; `logged` runs also leave a log file beside the inventory. */
export function hostRun(
  { around }: Cli,
  command: Command,
  argument: string | undefined,
  logged: boolean,
  act: (options: RunOptions) => Promise<number>,
): Promise<number> {
  const options = command.optsWithGlobals<HostRunOptions>();
  const group = command.parent?.parent ? `${command.parent.name()}-` : '';
  const name = group + command.name();
  const file = inventoryFile(argument, options, around.env);
  const typed = file === inventoryFile(undefined, {}, around.env) ? undefined : file;
  const logs = logged ? join(dirname(resolve(file)), '.k8s-bootstrap', 'logs') : undefined;
  const { only, skip, limit, prune, encryptKeys, ignorePreflight = [], acceptNewHostKeys = false } = options;
  return reported(around, options, logs, name, (context) =>
    act({
      ...context,
      command: name,
      file,
      ...(typed !== undefined && { typed }),
      env: around.env,
      acceptNewHostKeys,
      ignorePreflight,
      ...(only && { only }),
      ...(skip && { skip }),
      ...(limit && { limit }),
      ...(prune && { prune }),
      ...(encryptKeys !== undefined && { encryptKeys }),
    }),
  );
}
