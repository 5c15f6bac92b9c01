import { type Command, InvalidArgumentError } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { procedure } from './shared/procedure.ts';

export function registerNode(root: Command, cli: Cli): void {
  const node = root
    .command('node')
    .description('nodes that go, or rest for a while: drain, uncordon, remove');
  registerDrain(node, cli);
  registerUncordon(node, cli);
  registerRemove(node, cli);
}

interface NodeCommandOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly timeout: number;
}

const TIMEOUT = [
  '--timeout <seconds>',
  'how long its pods may take to end and to be made elsewhere',
  seconds,
  300,
] as const;

function seconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of seconds, at most 99999.');
}

function registerDrain(node: Command, cli: Cli): void {
  const command = procedure(node.command('drain <host>'));
  command
    .description('take the pods off a node, as their disruption budgets allow; it stays a node')
    .option('--force', 'pods as well that nothing makes anew')
    .option(...TIMEOUT)
    .action(async (host: string) => {
      const { dryRun = false, yes = false, force = false, timeout } = command.opts<NodeCommandOptions>();
      const { nodeDrain } = await import('../commands/node/drain.ts');
      const options = { node: host, dryRun, yes, force, timeout };
      cli.exit(await hostRun(cli, command, undefined, true, (run) => nodeDrain({ ...run, ...options })));
    });
}

function registerUncordon(node: Command, cli: Cli): void {
  const command = procedure(node.command('uncordon <host>'));
  command.description('let a node take pods again').action(async (host: string) => {
    const { dryRun = false, yes = false } = command.opts<NodeCommandOptions>();
    const { nodeUncordon } = await import('../commands/node/drain.ts');
    const options = { node: host, dryRun, yes };
    cli.exit(await hostRun(cli, command, undefined, true, (run) => nodeUncordon({ ...run, ...options })));
  });
}

function registerRemove(node: Command, cli: Cli): void {
  const command = procedure(node.command('remove <host>'));
  command
    .description('take a host out of the cluster: its pods, its member of etcd, its keys and its Node')
    .option('--force', 'leave the host itself as it is, as one that is dead; its pods are not waited for')
    .option(...TIMEOUT)
    .action(async (host: string) => {
      const { dryRun = false, yes = false, force = false, timeout } = command.opts<NodeCommandOptions>();
      const { nodeRemove } = await import('../commands/node/remove.ts');
      const options = { node: host, dryRun, yes, force, timeout };
      cli.exit(await hostRun(cli, command, undefined, true, (run) => nodeRemove({ ...run, ...options })));
    });
}
