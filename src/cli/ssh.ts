import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from 'commander';
import type { Login } from '../commands/ssh/ssh.ts';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { reported } from './shared/run.ts';

export function registerSsh(root: Command, { around, exit }: Cli): void {
  const command = root.command('ssh <host> [command...]');
  command
    .description('log in to a host with the system’s ssh, or run a command there')
    .passThroughOptions()
    .action(async (host: string, words: string[]) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const file = inventoryFile(undefined, options, around.env);
      let login: Login | undefined;
      const read = await reported(around, options, undefined, 'ssh', async ({ secrets, stop }) => {
        const { sshLogin } = await import('../commands/ssh/ssh.ts');
        login = await sshLogin(file, around.env, secrets, host, words, stop);
        return 0;
      });
      // Outside of `reported`, whose interrupt handling is for runs of our own.
      if (login) {
        const { args, end } = login;
        exit(await interactive(args, around).finally(end));
      } else exit(read);
    });
}

/** The terminal is ssh's until it ends, with all keys that are pressed. */
function interactive(args: readonly string[], { env, stderr }: Cli['around']): Promise<number> {
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve) => {
    const child = spawn('ssh', args, { stdio: 'inherit', env });
    child.once('error', ({ message }) => {
      stderr.write(`ssh cannot be started (${message}): install the OpenSSH client\n`);
      resolve(127); // as a shell says it
    });
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  }).finally(() => {
    process.off('SIGINT', ignore);
  });
}
