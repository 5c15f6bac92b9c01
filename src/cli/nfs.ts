import type { Command } from 'commander';
import type { Cli, GlobalOptions } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerNfs(root: Command, cli: Cli): void {
  const nfs = root.command('nfs').description('storage for pods: setup, check, status, remove');
  registerSetup(nfs, cli);
  registerCheck(nfs, cli);
  registerStatus(nfs, cli);
  registerRemove(nfs, cli);
}

function registerSetup(nfs: Command, cli: Cli): void {
  const command = nfs.command('setup');
  command
    .description('exports, services, clients and the provisioner, as "up" does them, and nothing else')
    .option(...ACCEPT)
    .option('--ignore-preflight <id...>', 'go on although this check fails')
    .action(async () => {
      const { nfsSetup } = await import('../commands/nfs/setup/setup.ts');
      cli.exit(await hostRun(cli, command, undefined, true, nfsSetup));
    });
}

function registerCheck(nfs: Command, cli: Cli): void {
  interface CheckCommandOptions extends GlobalOptions {
    readonly claim?: boolean;
    readonly image?: string;
  }
  const command = nfs.command('check [node...]');
  command
    .description('mount every export from every node (or these), write, read, delete; says why when it fails')
    .option('--claim', 'also claim a volume in the cluster, and use it from a pod on every node')
    .option('--image <image>', 'with a shell, for these pods (default: a busybox that all nodes have)')
    .option(...ACCEPT)
    .action(async (nodes: string[]) => {
      const { claim = false, image } = command.optsWithGlobals<CheckCommandOptions>();
      const { checkNfs } = await import('../commands/nfs/check/nfs-check.ts');
      const options = { nodes, claim, image };
      cli.exit(await hostRun(cli, command, undefined, false, (run) => checkNfs({ ...run, ...options })));
    });
}

function registerStatus(nfs: Command, cli: Cli): void {
  const command = nfs.command('status');
  command
    .description(
      'what is exported, to whom, who has it mounted, free space; exits with 3 when anything is off',
    )
    .option(...ACCEPT)
    .action(async () => {
      const { nfsStatus } = await import('../commands/nfs/status/nfs-status.ts');
      cli.exit(await hostRun(cli, command, undefined, false, nfsStatus));
    });
}

function registerRemove(nfs: Command, cli: Cli): void {
  interface RemoveCommandOptions {
    readonly force?: boolean;
    readonly deleteData?: boolean;
    readonly yes?: boolean;
  }
  const command = nfs.command('remove <export>');
  command
    .description(
      'unexport /PATH or HOST:/PATH, which the inventory does not name any more; its files are kept',
    )
    .option('--force', 'although it is mounted, or volumes of the cluster are on it')
    .option('--delete-data', 'delete the folder and all files in it; asks for the path to be typed')
    .option('--yes', 'do not ask')
    .option(...ACCEPT)
    .action(async (name: string) => {
      const { force = false, deleteData = false, yes = false } = command.opts<RemoveCommandOptions>();
      const { removeExport } = await import('../commands/nfs/remove/remove.ts');
      const options = { export: name, force, deleteData, yes };
      cli.exit(await hostRun(cli, command, undefined, true, (run) => removeExport({ ...run, ...options })));
    });
}
