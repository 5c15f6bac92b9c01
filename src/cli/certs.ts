import { type Command, InvalidArgumentError } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { procedure } from './shared/procedure.ts';
import { reported } from './shared/run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerCerts(root: Command, cli: Cli): void {
  const { exit } = cli;
  const certs = root
    .command('certs')
    .description('certificates on all hosts: list, renew, trust, rotate-ca, rotate-sa');

  const listing = certs.command('list');
  listing
    .description('every certificate: whose, until when, and whether it is the one that is served')
    .option('--within <duration>', 'only those that end within 30d, 12h, …; exits with 3 if any does', span)
    .option('--host <host...>', 'these hosts only')
    .option(...ACCEPT)
    .action(async () => {
      interface ListOptions extends GlobalOptions {
        readonly within?: number;
        readonly host?: string[];
      }
      const { within, host: hosts = [] } = listing.optsWithGlobals<ListOptions>();
      const { listCertificates } = await import('../commands/certs/list.ts');
      exit(
        await hostRun(cli, listing, undefined, false, (run) => listCertificates({ ...run, within, hosts })),
      );
    });

  const renewing = certs.command('renew');
  renewing
    .description('new keys and certificates from the same authorities; what uses them restarts, one by one')
    .option('--only <certificate...>', 'these only: apiserver, etcd-server, kubelet-client, …')
    .option('--host <host...>', 'on these hosts only')
    .option('--dry-run', 'show what would be done')
    .option(...ACCEPT)
    .option('--ignore-preflight <id...>', 'go on although this check fails')
    .action(async () => {
      const { host: hosts = [], dryRun = false } = renewing.optsWithGlobals<{
        host?: string[];
        dryRun?: boolean;
      }>();
      const { renewCertificates } = await import('../commands/certs/renew.ts');
      exit(
        // Here --only names certificates, not phases.
        await hostRun(cli, renewing, undefined, !dryRun, ({ only: names = [], ...run }) =>
          renewCertificates({ ...run, names, hosts, dryRun }),
        ),
      );
    });

  registerTrust(certs, cli);
  registerRotateCa(certs, cli);
  registerRotateSa(certs, cli);
}

function registerTrust(certs: Command, { around, exit }: Cli): void {
  const trusting = certs.command('trust <authority> <file>');
  trusting
    .description('have hosts trust another authority beside cluster, etcd, front-proxy or users')
    .option('--remove', 'trust it no more')
    .action(async (authority: string, certificates: string) => {
      const { remove = false, ...options } = trusting.optsWithGlobals<GlobalOptions & { remove?: boolean }>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'certs trust', async ({ emit, secrets }) => {
          const { trustAuthority } = await import('../commands/certs/trust-authority.ts');
          return trustAuthority({ file, env: around.env, emit, secrets, authority, certificates, remove });
        }),
      );
    });
}

interface RotateOptions {
  readonly to?: string;
  readonly trustOnly?: boolean;
  readonly keepOld?: boolean;
  readonly leavePods?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const KEEP_OLD = ['--keep-old', 'stop before the former is believed no more'] as const;
const LEAVE_PODS = ['--leave-pods', 'do not wait for pods of others to be restarted'] as const;

function registerRotateCa(certs: Command, cli: Cli): void {
  const command = procedure(certs.command('rotate-ca <authority>'));
  command
    .description('have another authority take over from cluster, etcd, front-proxy or users, in three steps')
    .option('--to <files>', 'CERT,KEY of the one that takes over, or one file with both (default: a new one)')
    .option('--trust-only', 'stop when hosts trust both, before anything is issued anew')
    .option(...KEEP_OLD)
    .option(...LEAVE_PODS)
    .option('--ignore-preflight <id...>', 'go on although this check fails')
    .action(async (authority: string) => {
      const { rotateAuthority } = await import('../commands/certs/rotate/rotate-ca.ts');
      const options = { ...rotateOptions(command.opts<RotateOptions>()), authority };
      cli.exit(
        await hostRun(cli, command, undefined, true, (run) => rotateAuthority({ ...run, ...options })),
      );
    });
}

function registerRotateSa(certs: Command, cli: Cli): void {
  const command = procedure(certs.command('rotate-sa'));
  command
    .description('have another key sign the tokens of service accounts, in three steps')
    .option(...KEEP_OLD)
    .option(...LEAVE_PODS)
    .option('--ignore-preflight <id...>', 'go on although this check fails')
    .action(async () => {
      const { rotateServiceAccount } = await import('../commands/certs/rotate/rotate-sa.ts');
      const { keepOld, leavePods, dryRun, yes } = rotateOptions(command.opts<RotateOptions>());
      const options = { keepOld, leavePods, dryRun, yes };
      cli.exit(
        await hostRun(cli, command, undefined, true, (run) => rotateServiceAccount({ ...run, ...options })),
      );
    });
}

const rotateOptions = ({
  to,
  trustOnly = false,
  keepOld = false,
  leavePods = false,
  dryRun = false,
  yes = false,
}: RotateOptions): Required<Omit<RotateOptions, 'to'>> & { readonly to: string | undefined } => ({
  to,
  trustOnly,
  keepOld,
  leavePods,
  dryRun,
  yes,
});

const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24 };

/** `30d`, `12h`, `2w`, in milliseconds. */
function span(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  if (unit === '') throw new InvalidArgumentError('It must be like 30d, 12h or 2w.');
  return Number(number) * (HOURS[unit] ?? 0) * 3_600_000;
}
