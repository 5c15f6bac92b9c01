import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { ACCEPT } from './shared/accept.ts';

export function registerStatus(root: Command, cli: Cli): void {
  const command = root.command('status');
  command
    .description(
      'health of every component, expiry of certificates, drift; exits with 3 when anything is off',
    )
    .option('--deep', 'hash every binary instead of believing its size and times')
    .option('--diff', 'what `up` would change, with the texts of files')
    .addOption(
      new Option(
        '--watch [seconds]',
        'look again every so many seconds, 5 by default, and mark what is otherwise than before; Ctrl-C ends it',
      )
        .argParser(seconds)
        .conflicts(['diff', 'deep']),
    )
    .option(...ACCEPT)
    .action(async () => {
      const { status } = await import('../commands/status/status.ts');
      const {
        deep = false,
        diff = false,
        watch,
      } = command.optsWithGlobals<{ deep?: boolean; diff?: boolean; watch?: number | true }>();
      const everySeconds = watch === true ? EVERY_SECONDS : watch;
      cli.exit(
        await hostRun(cli, command, undefined, false, (run) => status({ ...run, deep, diff, everySeconds })),
      );
    });
}

const EVERY_SECONDS = 5;

function seconds(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new InvalidArgumentError('It must be a number of seconds, 1 to 9999.');
  return Number(text);
}
