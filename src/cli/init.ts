import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { reported } from './shared/run.ts';
import { ACCEPT } from './shared/accept.ts';

interface InitOptions extends GlobalOptions {
  readonly output?: string;
  readonly name: string;
  readonly masters: number;
  readonly interface?: string;
  readonly user?: string;
  readonly port?: number;
  readonly key?: string[];
  readonly from?: string;
  readonly acceptNewHostKeys?: boolean;
}

export function registerInit(root: Command, { around, exit }: Cli): void {
  const command = root.command('init <address...>');
  command
    .description('look at hosts and write an inventory for them: init 192.168.139.10-12')
    .option('--output <file>', 'file to write; never overwrites one (default: what -i would read)')
    .option('--name <name>', 'name of the cluster', 'k8s')
    .option('--masters <count>', 'how many of the hosts become masters, the first ones', number, 1)
    .option('--interface <name>', 'the nodes’ own addresses are those of this interface')
    .option('--user <name>', 'log in as this user (default: root); any other uses sudo')
    .option('--port <number>', 'port of the hosts’ sshd (default: 22)', number)
    .option('--key <file>', 'private key to log in with; can be repeated (default: the usual ones)', list)
    .option(
      '--from <inventory>',
      'take over all settings of another inventory but its name, hosts and groups',
    )
    .option(...ACCEPT)
    .action(async (addresses: string[]) => {
      const options = command.optsWithGlobals<InitOptions>();
      const { user, port, key, name, masters, from, interface: wanted, acceptNewHostKeys = false } = options;
      exit(
        await reported(around, options, undefined, 'init', async ({ emit, confirm, kill }) => {
          const { init, keyPaths } = await import('../commands/init/init.ts');
          const ssh = { ...(user && { user }), ...(port && { port }), ...(key && { keys: keyPaths(key) }) };
          const output = resolve(options.output ?? inventoryFile(undefined, options, around.env));
          const common = { command: 'init', emit, confirm, kill, acceptNewHostKeys, env: around.env };
          return init({ ...common, addresses, output, name, masters, ssh, from, interface: wanted });
        }),
      );
    });
}

function number(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number.');
}

const list = (text: string, before: readonly string[] = []): string[] => [...before, text];
