import type { Command } from 'commander';
import type { Cli } from './context.ts';
import { hostRun } from './host-run.ts';

const ACCEPT = [
  '--accept-new-host-keys',
  'trust hosts that were never seen before, and remember their keys',
] as const;

export function registerEtcd(root: Command, cli: Cli): void {
  const etcd = root.command('etcd').description("the cluster's store: status, backup");
  registerStatus(etcd, cli);
  registerBackup(etcd, cli);
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
