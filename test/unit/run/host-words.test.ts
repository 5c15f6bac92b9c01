import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { knownError } from '../../../src/release/known-errors.ts';
import { makeFleet, probe, runOn } from '../../../src/run/fleet.ts';
import { localSession } from '../../../src/transport/local-session.ts';
import type { Session } from '../../../src/transport/session.ts';
import { withSudo } from '../../../src/transport/sudo.ts';
import { installFakeSudo } from '../../support/fake-sudo.ts';
import { scratch } from '../../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => {
  folder.remove();
});

/** A host that answers every command itself, as a forced command or a login shell that is none does. */
const answering = (answer: string): Session => {
  const local = localSession();
  return { ...local, exec: (_command, options) => local.exec(answer, options) };
};

async function failureOf(
  connect: () => Promise<Session>,
  first: 'probe' | 'script',
): Promise<BootstrapError> {
  const fleet = makeFleet(['m1'], {
    emit: () => undefined,
    connect,
    addressOf: () => '192.0.2.11',
    concurrency: 1,
    kill: new AbortController().signal,
    knownError,
  });
  const member = fleet.members.get('m1')!;
  const asked =
    first === 'probe'
      ? probe(fleet, member, [{ kind: 'sysctl', key: 'a.b' }])
      : runOn(fleet, member, { script: 'echo ran' });
  return asked.then(
    () => expect.fail('it ran'),
    (error: unknown) => error as BootstrapError,
  );
}

it('is told by its words, also where it lets nobody in', async () => {
  const refused = new BootstrapError(
    'E_AUTH',
    'm1 does not let ops in; it said: Your account has expired',
    {},
  );
  const error = await failureOf(() => Promise.reject(refused), 'probe');
  expect([error.code, error.message]).toEqual(['E_ACCOUNT_EXPIRED', refused.message]);
  expect(error.hint).toContain('chage');
});

describe.each(['probe', 'script'] as const)('a host whose first answer to a %s is not ours', (first) => {
  it.each([
    [
      'printf "WARNING: Your password has expired.\\nPassword change required but no TTY available.\\n" >&2; exit 1',
      'E_ACCOUNT_PASSWORD',
      'Password change required but no TTY available.',
    ],
    [
      `echo 'Please login as the user "centos" rather than the user "root".'; echo; exit 142`,
      'E_LOGIN_USER',
      'Please login as the user "centos"',
    ],
    ['echo This account is currently not available.; exit 1', 'E_LOGIN_SHELL', 'not available'],
    ['echo Only git is served here.', 'E_NO_SHELL', 'ended with code 0 and said: Only git is served here.'],
    ['printf "\\033[31mno\\033[0m\\007 \\342\\200\\256entry"; exit 3', 'E_NO_SHELL', 'said: no entry'],
    ['exit 7', 'E_NO_SHELL', 'ended with code 7 and said nothing'],
    ['head -c 100000 /dev/zero | tr "\\0" x; echo " the reason"; exit 1', 'E_NO_SHELL', 'the reason'],
  ])('%s → %s', async (answer, code, says) => {
    const error = await failureOf(() => Promise.resolve(answering(answer)), first);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(says)]);
    expect(error.message.length).toBeLessThan(800);
    expect(error.hint).toMatch(/^[A-Z]/);
  });
});

it('a probe that broke off quotes what the host said of it', async () => {
  const local = localSession();
  const full: Session = {
    ...local,
    exec: async (command, options) => {
      const result = await local.exec(command, options);
      const said = 'main: line 9: printf: write error: No space left on device\n';
      return {
        ...result,
        code: 1,
        stdout: Buffer.from(''),
        stderr: Buffer.concat([result.stderr, Buffer.from(said)]),
      };
    },
  };
  const error = await failureOf(() => Promise.resolve(full), 'probe');
  expect([error.code, error.message]).toEqual(['E_DISK_FULL', expect.stringContaining('No space left')]);
});

it.each([undefined, new Secret('S3cret pw')])(
  'who answers before sudo has its turn is quoted, too (password %s)',
  async (password) => {
    const env = { ...installFakeSudo(folder.path), FAKE_SUDO: 'nopasswd' };
    const local = localSession({ env });
    const session: Session = {
      ...local,
      exec: (_command, options) =>
        local.exec(`echo 'Please login as the user "rocky" rather than the user "root".'; exit 142`, options),
    };
    const error = await failureOf(() => Promise.resolve(withSudo(session, { password })), 'probe');
    expect([error.code, error.message]).toEqual(['E_LOGIN_USER', expect.stringContaining('"rocky"')]);
  },
);

it('a time limit tells what was said before anything of ours ran', async () => {
  const session = answering('echo "Enter your project code:"; sleep 5');
  const error = await session.exec('x', { timeoutMs: 300 }).then(
    () => expect.fail('it ran'),
    (thrown: unknown) => thrown as BootstrapError,
  );
  expect([error.code, error.message]).toEqual([
    'E_TIMEOUT',
    expect.stringContaining('Enter your project code:'),
  ]);
});
