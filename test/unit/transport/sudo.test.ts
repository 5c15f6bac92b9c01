import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { runScript } from '../../../src/transport/feed.ts';
import { localSession } from '../../../src/transport/local-session.ts';
import type { Session } from '../../../src/transport/session.ts';
import { withSudo } from '../../../src/transport/sudo.ts';
import { installFakeSudo } from '../../support/fake-sudo.ts';
import { failure, scratch } from '../../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => {
  folder.remove();
});

const right = new Secret('S3cret pw');
const wrong = new Secret('Not the one');

function as(kind: string, password?: Secret, startTimeoutMs?: number): Session {
  const env = { ...installFakeSudo(folder.path), FAKE_SUDO: kind };
  return withSudo(localSession({ env }), {
    password,
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
  });
}

const written = (name: string): string => {
  const file = join(folder.path, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

describe.each([
  { kind: 'nopasswd', password: undefined, sent: '' },
  { kind: 'nopasswd', password: right, sent: '' },
  { kind: 'password', password: right, sent: 'S3cret pw\n' },
])('sudo that is $kind, with password $password', ({ kind, password, sent }) => {
  it('runs the command as root, in the C locale', async () => {
    const result = await as(kind, password).exec('echo $FAKE_ROOT $LC_ALL; exit 3');
    expect([result.code, result.stdout.toString(), result.stderr.toString()]).toEqual([3, '1 C\n', '']);
    expect(written('passwords')).toBe(sent);
  });

  it('gives the command its input, and nothing but that', async () => {
    const data = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
    const result = await as(kind, password).exec('cat', { stdin: [data.subarray(0, 10), data.subarray(10)] });
    expect(result.stdout.equals(data)).toBe(true);
  });

  it('gives a command without input an empty one', async () => {
    expect((await as(kind, password).exec('cat; echo end')).stdout.toString()).toBe('end\n');
  });

  it('keeps its own markers and prompts out of stderr', async () => {
    let streamed = '';
    const result = await as(kind, password).exec('printf one >&2; sleep 0.05; printf two >&2', {
      onStderr: (chunk) => {
        streamed += chunk.toString();
      },
    });
    expect([result.stderr.toString(), streamed]).toEqual(['onetwo', 'onetwo']);
  });

  it('runs scripts with a payload', async () => {
    const payload = async function* (): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield Buffer.from('payload');
    };
    const script = `cat; head -c 7 <&3; echo " '$FAKE_ROOT'"`;
    const result = await runScript(as(kind, password), { script, payload: payload() });
    expect([result.stdout.toString(), result.stderr.toString()]).toEqual(["payload '1'\n", '']);
  });

  it('does not take a command’s failure for its own', async () => {
    const result = await as(kind, password).exec('echo "sudo: a password is required" >&2; exit 1');
    expect([result.code, result.stderr.toString()]).toEqual([1, 'sudo: a password is required\n']);
    expect((await as(kind, password).exec('no-such-command')).code).toBe(127);
  });

  it('survives a command with an error in its syntax', async () => {
    expect((await as(kind, password).exec('if then')).code).not.toBe(0);
  });
});

it('never sends a wrong password twice', async () => {
  // Nor does the command's input become a second and a third guess.
  const error = await failure(as('password', wrong).exec('true', { stdin: [Buffer.from('data\ndata\n')] }));
  expect(error.code).toBe('E_SUDO_PASSWORD');
  expect(written('passwords')).toBe('Not the one\n');
  expect(JSON.stringify(error) + error.message).not.toContain('Not the one');
});

it.each([
  { kind: 'password', password: undefined, code: 'E_SUDO_PASSWORD', says: 'none was given' },
  { kind: 'denied', password: right, code: 'E_SUDO_DENIED', says: 'does not let this user' },
  { kind: 'not-allowed', password: right, code: 'E_SUDO_DENIED', says: 'does not let this user' },
  { kind: 'requiretty', password: undefined, code: 'E_SUDO_TTY', says: 'terminal' },
  { kind: 'requiretty', password: right, code: 'E_SUDO_TTY', says: 'terminal' },
  { kind: 'expired', password: undefined, code: 'E_SUDO_ACCOUNT', says: 'reset your password and try again' },
  { kind: 'expired', password: right, code: 'E_SUDO_ACCOUNT', says: 'reset your password and try again' },
  { kind: 'broken', password: right, code: 'E_SUDO', says: 'should be 0' },
])('$kind with password $password is $code', async ({ kind, password, code, says }) => {
  const error = await failure(
    as(kind, password).exec('touch "$FAKE_SUDO_DIR/ran"', { stdin: [Buffer.from('data')] }),
  );
  expect(error.code).toBe(code);
  expect(error.message).toContain(says);
  expect(error.message).not.toMatch(/touch|[0-9a-f]{24}/);
  expect(written('passwords')).toBe(kind === 'denied' || kind === 'not-allowed' ? 'S3cret pw\n' : '');
  expect(existsSync(join(folder.path, 'ran'))).toBe(false);
});

it('names a sudo that is not there', async () => {
  const shell = '/bin/sh';
  const session = withSudo(localSession({ shell, env: { PATH: folder.path } }), { password: right });
  expect((await failure(session.exec('true'))).code).toBe('E_SUDO_MISSING');
});

it('gives up on a sudo that asks for something else, and sends it nothing', async () => {
  const error = await failure(as('otp', right, 200).exec('true'));
  expect(error.code).toBe('E_SUDO');
  expect(error.message).toContain('Verification code:');
});

it('has no limit of its own for a command that has started', async () => {
  const result = await as('password', right, 100).exec('sleep 0.3; echo done');
  expect(result.stdout.toString()).toBe('done\n');
});

it('passes time limits and aborts on', async () => {
  const session = as('password', right);
  expect((await failure(session.exec('sleep 5', { timeoutMs: 300 }))).code).toBe('E_TIMEOUT');
  expect((await failure(session.exec('sleep 5', { signal: AbortSignal.timeout(300) }))).code).toBe(
    'E_ABORTED',
  );
  expect((await failure(session.exec('true', { signal: AbortSignal.abort() }))).code).toBe('E_ABORTED');
});

it('never puts the password into the command line', async () => {
  await as('password', right).exec('true');
  expect(written('commands')).not.toContain('S3cret');
});
