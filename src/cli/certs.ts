import { type Command, InvalidArgumentError } from 'commander';
import { type Cli, type GlobalOptions, inventoryFile } from './context.ts';
import { hostRun } from './host-run.ts';
import { reported } from './run.ts';
import { ACCEPT } from './accept.ts';

export function registerCerts(root: Command, cli: Cli): void {
  const { around, exit } = cli;
  const certs = root.command('certs').description('certificates on all hosts: list, renew, trust');

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

const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24 };

/** `30d`, `12h`, `2w`, in milliseconds. */
function span(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  if (unit === '') throw new InvalidArgumentError('It must be like 30d, 12h or 2w.');
  return Number(number) * (HOURS[unit] ?? 0) * 3_600_000;
}
