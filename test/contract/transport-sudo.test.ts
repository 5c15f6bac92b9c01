import { afterAll, afterEach, expect, it } from 'vitest';
import type { ServerChannel } from 'ssh2';
import { runScript } from '../../src/transport/feed.ts';
import type { Session } from '../../src/transport/session.ts';
import { withSudo } from '../../src/transport/sudo.ts';
import { startSshServer, type SshServer } from '../support/ssh-server.ts';
import { connect, failure, PASSWORD, scratch, target, trusting } from '../support/ssh-target.ts';

const folder = scratch();
afterAll(folder.remove);
let server: SshServer;
let session: Session;
afterEach(async () => {
  await session.close();
  await server.close();
});

/** A session as root on a host where this takes sudo's place, once all input is there. */
async function asRoot(sudo: (channel: ServerChannel, command: string) => void): Promise<Session> {
  server = await startSshServer({
    password: PASSWORD,
    builtins: {
      'sudo -H -n': (channel) => {
        channel.resume();
        channel.on('end', () => {
          sudo(channel, server.seen.commands.at(-1) ?? '');
        });
      },
    },
  });
  const knownHosts = trusting(folder.path, { [`[127.0.0.1]:${server.port}`]: server.hostKeys[0]! });
  session = withSudo(await connect(target(server.port), { knownHosts }));
  return session;
}

const lastWords = Buffer.from('\n0123 complete\n');
const answer = `all that was asked${lastWords.toString()}`;
const startMark = (command: string): string => /[0-9a-f]{24}R/.exec(command)?.[0] ?? '';

it('is not mistrusted when its last words overtake all that stands beside them', async () => {
  const root = await asRoot((channel, command) => {
    channel.write(answer);
    // As on a busy host, where sshd reads one pipe before the other.
    setTimeout(() => {
      channel.stderr.write(`${startMark(command)}\nk8s-bootstrap: started\n`);
      channel.exit(0);
      channel.end();
    }, 100);
  });
  const result = await runScript(root, { script: 'true', lastWords });
  expect(result).toEqual({
    code: 0,
    stdout: Buffer.from(answer),
    stderr: Buffer.alloc(0),
    started: true,
  });
});

it('is not mistrusted when half of its marker is there with the last words', async () => {
  const root = await asRoot((channel, command) => {
    channel.stderr.write(`We trust you have received the usual lecture.\n${startMark(command).slice(0, 9)}`);
    channel.write(answer);
  });
  const result = await root.exec('true', { lastWords });
  expect([result.code, result.stdout.toString(), result.stderr.toString()]).toEqual([0, answer, '']);
});

it('is waited for where no last words are agreed on, however late its marker is', async () => {
  const root = await asRoot((channel, command) => {
    channel.write(answer);
    channel.exit(3);
    setTimeout(() => {
      channel.stderr.write(`${startMark(command)}\nbeside`);
      channel.end();
    }, 100);
  });
  const result = await root.exec('true');
  expect([result.code, result.stdout.toString(), result.stderr.toString()]).toEqual([3, answer, 'beside']);
});

it('is mistrusted when it prints something else and no marker', async () => {
  const root = await asRoot((channel) => {
    channel.write(`${answer}and more\n`);
    channel.exit(0);
    channel.end();
  });
  expect(await failure(root.exec('true', { lastWords }))).toMatchObject({
    code: 'E_SUDO',
    message: expect.stringContaining('exit code 0') as unknown,
  });
});
