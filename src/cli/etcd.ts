import type { Command } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';
import { procedure } from './shared/procedure.ts';

export function registerEtcd(root: Command, cli: Cli): void {
  const etcd = root
    .command('etcd')
    .description("the cluster's store: status, backup, restore, replace, defrag");
  registerStatus(etcd, cli);
  registerBackup(etcd, cli);
  registerRestore(etcd, cli);
  registerReplace(etcd, cli);
  registerDefrag(etcd, cli);
}

function registerStatus(etcd: Command, cli: Cli): void {
  const command = etcd.command('status');
  command
    .description('members, leader, sizes, alarms, versions; exits with 3 when anything is off')
    .option(...ACCEPT)
    .action(async () => {
      const { etcdStatus } = await import('../commands/etcd/status/etcd-status.ts');
      cli.exit(await hostRun(cli, command, undefined, false, etcdStatus));
    });
}

function registerBackup(etcd: Command, cli: Cli): void {
  const command = etcd.command('backup');
  command
    .description('a snapshot of a healthy member, checked, and brought here')
    .option('--out <file>', 'where it goes (default: backups/ in the state folder)')
    .option(...ACCEPT)
    .action(async () => {
      const { out } = command.opts<{ out?: string }>();
      const { etcdBackup } = await import('../commands/etcd/backup/etcd-backup.ts');
      cli.exit(await hostRun(cli, command, undefined, false, (run) => etcdBackup({ ...run, out })));
    });
}

interface ProcedureCommandOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
}

function registerRestore(etcd: Command, cli: Cli): void {
  const command = procedure(etcd.command('restore <file>'));
  command
    .description('bring the whole cluster back to a snapshot; asks for the name of the cluster to be typed')
    .option('--force', 'although it is of another cluster, or its Secrets cannot be read')
    .action(async (snapshot: string) => {
      const { dryRun = false, yes = false, force = false } = command.opts<ProcedureCommandOptions>();
      const { etcdRestore } = await import('../commands/etcd/restore/etcd-restore.ts');
      const options = { snapshot, force, dryRun, yes };
      cli.exit(await hostRun(cli, command, undefined, true, (run) => etcdRestore({ ...run, ...options })));
    });
}

function registerReplace(etcd: Command, cli: Cli): void {
  const command = procedure(etcd.command('replace <host>'));
  command
    .description('make a member anew that has lost its data, with what the others have')
    .option('--force', 'although the member is healthy')
    .action(async (host: string) => {
      const { dryRun = false, yes = false, force = false } = command.opts<ProcedureCommandOptions>();
      const { etcdReplace } = await import('../commands/etcd/replace/etcd-replace.ts');
      const options = { host, force, dryRun, yes };
      cli.exit(await hostRun(cli, command, undefined, true, (run) => etcdReplace({ ...run, ...options })));
    });
}

function registerDefrag(etcd: Command, cli: Cli): void {
  const command = procedure(etcd.command('defrag'));
  command
    .description('give back what is empty in the databases, one member at a time; ends an alarm for space')
    .action(async () => {
      const { dryRun = false, yes = false } = command.opts<ProcedureCommandOptions>();
      const { etcdDefrag } = await import('../commands/etcd/defrag/etcd-defrag.ts');
      cli.exit(await hostRun(cli, command, undefined, true, (run) => etcdDefrag({ ...run, dryRun, yes })));
    });
}
