import { Command, CommanderError, Option } from 'commander';
import { readData } from '../kernel/data.ts';
import { ExitCode } from '../kernel/errors.ts';
import type { OutputStream } from '../report/text.ts';
import { LANGUAGES } from '../texts/language.ts';
import { registerCerts } from './certs.ts';
import { registerAddons, registerImages } from './addons.ts';
import { registerAdopt } from './adopt.ts';
import { registerCompletion } from './completion/completion.ts';
import type { Cli, ProcessIo } from './shared/context.ts';
import { registerEtcd } from './etcd.ts';
import { registerExplain } from './explain.ts';
import { registerInit } from './init.ts';
import { registerLogs } from './logs.ts';
import { registerNode } from './node.ts';
import { registerNfs } from './nfs.ts';
import { registerPhases } from './phases.ts';
import { registerPlan } from './plan.ts';
import { registerPreflight } from './preflight.ts';
import { registerReset } from './reset.ts';
import { registerSchema } from './schema.ts';
import { registerSsh } from './ssh.ts';
import { registerStatus } from './status.ts';
import { registerSupport } from './support.ts';
import { registerTrust } from './trust.ts';
import { registerUnlock } from './unlock.ts';
import { registerUp } from './up.ts';
import { registerIssueUser, registerRbac, registerUsers } from './users.ts';
import { registerValidate } from './validate.ts';

/** Every command, in the order of the help text. Each loads its heavy modules when it runs. */
const commands: readonly ((root: Command, cli: Cli) => void)[] = [
  registerInit,
  registerUp,
  registerPlan,
  registerStatus,
  registerPreflight,
  registerValidate,
  registerTrust,
  registerIssueUser,
  registerUsers,
  registerRbac,
  registerAdopt,
  registerCerts,
  registerEtcd,
  registerNode,
  registerNfs,
  registerAddons,
  registerImages,
  registerReset,
  registerExplain,
  registerLogs,
  registerSsh,
  registerSupport,
  registerUnlock,
  registerPhases,
  registerSchema,
  registerCompletion,
];

/** Of every command; see `GlobalOptions`. */
const globalOptions: readonly Option[] = [
  new Option(
    '-i, --inventory <file>',
    'inventory file (default: $K8S_BOOTSTRAP_INVENTORY or ./inventory.yaml)',
  ),
  new Option('--json', 'one JSON event a line on stdout; the last line is the summary'),
  new Option('--plain', 'plain lines even on a terminal'),
  new Option('-v, --verbose', 'tell more'),
  new Option('--lang <language>', 'of explain and of hints (default: by LC_ALL, LC_MESSAGES, LANG)').choices(
    LANGUAGES,
  ),
];

/** Parses the command line, runs the command, returns the exit code. */
export async function program(around: ProcessIo): Promise<number> {
  let code: number = ExitCode.ok;
  const cli: Cli = {
    around,
    version: version(),
    exit: (result) => {
      code = result;
    },
  };
  const root = new Command('k8s-bootstrap')
    .description('A real Kubernetes v1.16 cluster from binaries, on your own CentOS hosts, over SSH.')
    .version(cli.version)
    .showHelpAfterError('(add --help for the options)')
    // For `ssh`: options behind the host belong to the command there.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: () => width(around.stdout),
      getErrHelpWidth: () => width(around.stderr),
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
    });
  for (const register of commands) register(root, cli);
  // Before or behind the command's name, both are natural.
  for (const command of withCommands(root)) for (const option of globalOptions) command.addOption(option);
  try {
    await root.parseAsync([...around.argv]);
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
}

/** A command and all below it. */
const withCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withCommands)];

/** Of a terminal; for a pipe one that reads well. */
const width = ({ isTTY, columns }: OutputStream): number => (isTTY && columns ? columns : 100);

const version = (): string => (readData('package.json') as { version: string }).version;
