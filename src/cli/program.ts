import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ExitCode } from '../kernel/errors.ts';
import { type GlobalOptions, type Surroundings, inventoryFile } from './context.ts';
import { reported } from './run.ts';

interface HostOptions extends GlobalOptions {
  readonly acceptNewHostKeys?: boolean;
  readonly ignorePreflight?: string[];
  readonly only?: string[];
  readonly skip?: string[];
  readonly detailedExitcode?: boolean;
}

/** Parses the command line, runs the command, returns the exit code. Heavy modules load when a command needs them. */
export async function program(around: Surroundings): Promise<number> {
  let code: number = ExitCode.ok;
  const root = new Command('k8s-bootstrap')
    .description('A real Kubernetes v1.16 cluster from binaries, on your own CentOS hosts, over SSH.')
    .version(version())
    .option('-i, --inventory <file>', 'inventory file (default: $K8S_BOOTSTRAP_INVENTORY or ./inventory.yaml)')
    .option('--json', 'one JSON event a line on stdout; the last line is the summary')
    .option('--plain', 'plain lines even on a terminal')
    .option('-v, --verbose', 'tell more')
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
    });
  const done = (result: number): void => {
    code = result;
  };

  for (const [name, description] of [
    ['up', 'bring every host to what the inventory says; a second run changes nothing'],
    ['plan', 'show what up would change: files, packages, units, and which service restarts and why'],
    ['preflight', 'check the hosts without changing them'],
  ] as const) {
    const command = root
      .command(`${name} [inventory]`)
      .description(description)
      .option('--accept-new-host-keys', 'trust hosts that were never seen before, and remember their keys')
      .option('--ignore-preflight <id...>', 'go on although this check fails')
      .option('--only <phase...>', 'these phases only')
      .option('--skip <phase...>', 'all phases but these');
    if (name === 'plan') command.option('--detailed-exitcode', 'exit with 3 when there are changes');
    command.action(async (argument: string | undefined) => {
      done(await onHosts(around, name, argument, command.optsWithGlobals<HostOptions>()));
    });
  }
  root
    .command('validate [inventory]')
    .description('check the inventory without asking any host')
    .action(async (argument: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      done(
        await reported(around, options, undefined, 'validate', async ({ emit }) => {
          const { validate } = await import('../app/validate.ts');
          return validate(inventoryFile(argument, options, around.env), around.env, emit);
        }),
      );
    });
  root
    .command('schema')
    .description('print the JSON Schema of the inventory, for editors')
    .action(async () => {
      const { inventoryJsonSchema } = await import('../inventory/json-schema.ts');
      around.stdout.write(`${JSON.stringify(inventoryJsonSchema, null, 2)}\n`);
    });
  root
    .command('phases')
    .description('list the phases of up, in order')
    .action(async () => {
      const { phases } = await import('../phases/index.ts');
      for (const { id, title } of phases) around.stdout.write(`${id.padEnd(20)}${title}\n`);
    });

  try {
    await root.parseAsync([...around.argv]);
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
}

function onHosts(
  around: Surroundings,
  name: 'up' | 'plan' | 'preflight',
  argument: string | undefined,
  options: HostOptions,
): Promise<number> {
  const file = inventoryFile(argument, options, around.env);
  // A plan makes nothing, not even a log.
  const logs = name === 'up' ? join(dirname(resolve(file)), '.k8s-bootstrap', 'logs') : undefined;
  return reported(around, options, logs, name, async ({ emit, stop, kill }) => {
    const app = await import('../app.ts');
    const { only, skip = [], ignorePreflight = [], acceptNewHostKeys = false, detailedExitcode = false } = options;
    return app[name]({
      command: name,
      file,
      env: around.env,
      emit,
      stop,
      kill,
      acceptNewHostKeys,
      ignorePreflight,
      detailedExitCode: detailedExitcode,
      phases: (id) => (only?.includes(id) ?? true) && !skip.includes(id),
    });
  });
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
