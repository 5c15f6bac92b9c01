import { delimiter, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { reported } from './shared/run.ts';
import { ACCEPT } from './shared/accept.ts';

interface IssueCommandOptions {
  readonly group?: string[];
  readonly days?: number;
  readonly auth?: 'cert' | 'token' | 'both';
  readonly role?: string;
  readonly namespace?: string[];
  readonly clusterRole?: string;
  readonly out?: string;
  readonly apply: boolean;
  readonly renew?: boolean;
  readonly allowSystem?: boolean;
}

export function registerIssueUser(root: Command, cli: Cli): void {
  const command = root.command('issue-user <name>');
  command
    .description('key, certificate, kubeconfig, token and rights for a user; once more keeps what is valid')
    .option('--group <group>', 'group (O of the certificate); can be repeated', list)
    .option('--days <number>', 'life of the certificate (default: 365)', days)
    .addOption(new Option('--auth <how>', 'log in by (default: cert)').choices(['cert', 'token', 'both']))
    .option('--role <preset|file>', 'admin, edit, view, cluster-admin, deployer, or a file with rules')
    .option('--namespace <namespace>', 'where the role holds; can be repeated (default: default)', list)
    .option('--cluster-role <name>', 'an existing ClusterRole that holds everywhere')
    .option('--out <folder>', 'copy everything there (default: the state folder alone)')
    .option('--no-apply', 'leave the masters alone; the next up does them')
    .option('--renew', 'a new key and certificate, although the old one would do')
    .option('--allow-system', 'allow names that begin with system:, whose rights cannot be taken back')
    .option(...ACCEPT)
    .action(async (name: string) => {
      const options = command.optsWithGlobals<IssueCommandOptions>();
      const { group, days: life, auth, role, namespace, clusterRole, allowSystem } = options;
      const { out, apply, renew = false } = options;
      const given = {
        ...(group && { groups: group }),
        ...(life !== undefined && { days: life }),
        ...(auth && { auth }),
        ...(role !== undefined && { role }),
        ...(namespace && { namespaces: namespace }),
        ...(clusterRole !== undefined && { clusterRole }),
        ...(allowSystem && { allowSystem }),
      };
      const { issueUser } = await import('../commands/users/issue.ts');
      cli.exit(
        await hostRun(cli, command, undefined, apply, (run) =>
          issueUser({ ...run, name, given, out, apply, renew }),
        ),
      );
    });
}

export function registerUsers(root: Command, cli: Cli): void {
  const { around, exit } = cli;
  const users = root.command('users').description('who can get in: list, revoke, kubeconfig, whoami');

  const listing = users.command('list');
  listing
    .description('who can get in, how, until when, and with which rights')
    .option(...ACCEPT)
    .action(async () => {
      const { listUsers } = await import('../commands/users/list.ts');
      exit(await hostRun(cli, listing, undefined, false, listUsers));
    });

  const revoking = users.command('revoke <user>');
  revoking
    .description('take back the rights and the token of a user, on all masters')
    .option(...ACCEPT)
    .action(async (name: string) => {
      const { revokeUser } = await import('../commands/users/revoke.ts');
      exit(await hostRun(cli, revoking, undefined, true, (run) => revokeUser(name, run)));
    });

  const printing = users.command('kubeconfig <user>');
  printing
    .description('print the kubeconfig of a user, its key included')
    .option('--out <file>', 'write it to a file that only its owner may read')
    .action(async (name: string) => {
      const { out, ...options } = printing.optsWithGlobals<GlobalOptions & { readonly out?: string }>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'users kubeconfig', async ({ emit, secrets, ask }) => {
          const { userKubeconfigFor } = await import('../commands/users/kubeconfig.ts');
          const print = (text: string): void => void around.stdout.write(text);
          return userKubeconfigFor({ file, env: around.env, emit, secrets, ask, name, out, print });
        }),
      );
    });

  const asking = users.command('whoami');
  asking
    .description('who the holder of a kubeconfig is, and whether the API server agrees')
    .option('--kubeconfig <file>', 'default: $KUBECONFIG, else ~/.kube/config')
    .action(async () => {
      const options = asking.optsWithGlobals<GlobalOptions & { readonly kubeconfig?: string }>();
      const { env } = around;
      const kubeconfig = resolve(
        options.kubeconfig ??
          env['KUBECONFIG']?.split(delimiter).find(Boolean) ??
          join(env['HOME'] ?? '/', '.kube', 'config'),
      );
      exit(
        await reported(around, options, undefined, 'users whoami', async ({ emit, secrets }) => {
          const { whoami } = await import('../commands/users/whoami.ts');
          return whoami({ kubeconfig, emit, secrets });
        }),
      );
    });
}

export function registerRbac(root: Command, { around, exit }: Cli): void {
  const command = root
    .command('rbac')
    .description('manifests of rights: render')
    .command('render <preset|user>');
  command
    .description('print the manifests that a user’s rights, or a preset, come to')
    .option('--user <name>', 'whom to bind the preset to (default: a user of its name)')
    .option('--namespace <namespace>', 'where the preset holds; can be repeated (default: default)', list)
    .action(async (what: string) => {
      interface RenderOptions extends GlobalOptions {
        readonly user?: string;
        readonly namespace?: string[];
      }
      const { user, namespace = ['default'], ...options } = command.optsWithGlobals<RenderOptions>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'rbac render', async ({ emit, secrets }) => {
          const { renderAccess } = await import('../commands/users/render.ts');
          return renderAccess({ file, env: around.env, emit, secrets, what, user, namespaces: namespace });
        }),
      );
    });
}

const list = (value: string, before: string[] = []): string[] => [...before, value];

function days(text: string): number {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number >= 1 && number <= 3650) return number;
  throw new InvalidArgumentError('It must be a number of days from 1 to 3650.');
}
