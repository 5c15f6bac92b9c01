import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.ts';
import type { SshSettings } from '../../src/transport/target.ts';
import {
  newEncryptedKey,
  newKey,
  startSshServer,
  type SshServer,
  type SshServerOptions,
} from '../support/ssh-server.ts';
import { connect, failure, PASSWORD, scratch, target, trusting } from '../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
let server: SshServer;
const good = newKey();
const wrong = newKey();
const encrypted = newEncryptedKey('open sesame');

beforeEach(() => {
  folder = scratch();
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

async function login(
  options: SshServerOptions,
  ssh: Partial<SshSettings>,
  agentSocket?: string,
): Promise<string> {
  server = await startSshServer(options);
  const knownHosts = trusting(folder.path, { [`[127.0.0.1]:${server.port}`]: server.hostKeys[0]! });
  const session = await connect(target(server.port, { password: undefined, ...ssh }), {
    knownHosts,
    agentSocket,
  });
  const result = await session.exec('echo in');
  await session.close();
  return result.stdout.toString().trim();
}

describe('key files', () => {
  it('are tried in order', async () => {
    const files = [folder.file('wrong', wrong.private), folder.file('good', good.private)];
    expect(await login({ publicKeys: [good.public] }, { keys: files })).toBe('in');
    expect(server.seen.logins).toEqual(['publickey', 'publickey']);
  });

  it('may be RSA in PEM format', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const file = folder.file('rsa', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    const publicKey = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' });
    expect(await login({ publicKeys: [publicKey] }, { keys: [file] })).toBe('in');
  });

  it('may be encrypted', async () => {
    const keys = [folder.file('encrypted', encrypted.private)];
    expect(
      await login({ publicKeys: [encrypted.public] }, { keys, passphrase: new Secret('open sesame') }),
    ).toBe('in');
  });

  it.each([
    { what: 'a missing passphrase', passphrase: undefined, says: 'is encrypted and no passphrase was given' },
    { what: 'a wrong passphrase', passphrase: new Secret('nonsense'), says: 'could not be decrypted' },
  ])('name $what as the reason', async ({ passphrase, says }) => {
    const keys = [folder.file('encrypted', encrypted.private)];
    const error = await failure(login({ publicKeys: [encrypted.public] }, { keys, passphrase }));
    expect(error.code).toBe('E_SSH_KEY');
    expect(error.message).toContain(says);
    expect(error.message).toContain(keys[0]);
    expect(JSON.stringify(error)).not.toContain('nonsense');
    expect(server.seen.connections).toBe(1); // not tried again
  });

  it.each(['plain', 'encrypted'])(
    'in PKCS#8 (%s) are refused with the command that converts them',
    async (kind) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const cipher = kind === 'plain' ? {} : { cipher: 'aes-256-cbc', passphrase: 'x' };
      const file = folder.file(
        'p8',
        privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString(),
      );
      const error = await failure(login({ publicKeys: [good.public] }, { keys: [file] }));
      expect(error).toMatchObject({
        code: 'E_SSH_KEY',
        hint: `Convert it in place with: ssh-keygen -p -f ${file}`,
      });
      expect(error.message).toContain('PKCS#8');
    },
  );

  it.each([
    { what: 'a public key', text: good.public, says: 'is a public key' },
    { what: 'no key at all', text: 'hello', says: 'is not a private key that can be read' },
  ])('that hold $what are named', async ({ text, says }) => {
    const error = await failure(login({ publicKeys: [good.public] }, { keys: [folder.file('key', text)] }));
    expect(error).toMatchObject({ code: 'E_SSH_KEY', message: expect.stringContaining(says) as string });
  });

  it('that do not exist stop nobody who has another way in', async () => {
    const keys = [join(folder.path, 'nowhere'), folder.file('good', good.private)];
    expect(await login({ publicKeys: [good.public] }, { keys })).toBe('in');
  });
});

describe('passwords', () => {
  it('are sent when the server takes them', async () => {
    expect(await login({ password: PASSWORD }, { password: new Secret(PASSWORD) })).toBe('in');
  });

  it('come after the keys', async () => {
    const keys = [folder.file('wrong', wrong.private)];
    const both = { publicKeys: [good.public], password: PASSWORD };
    expect(await login(both, { keys, password: new Secret(PASSWORD) })).toBe('in');
    expect(server.seen.logins).toEqual(['publickey', 'password']);
  });

  it('are sent once when wrong, also where two methods take them, and appear nowhere', async () => {
    const options = { password: PASSWORD, keyboard: { prompts: ['Password: '], answers: [PASSWORD] } };
    const error = await failure(login(options, { password: new Secret('not the one') }));
    expect(error.code).toBe('E_AUTH');
    expect(error.message).toContain('tried password; the server takes password, keyboard-interactive');
    expect(error.message).toContain('deploy');
    expect(server.seen.logins).toEqual(['password']);
    expect(server.seen.connections).toBe(1);
    expect(JSON.stringify(error)).not.toContain('not the one');
  });

  it('answer a question for a password', async () => {
    const keyboard = { prompts: ['Password: '], answers: [PASSWORD] };
    expect(await login({ keyboard }, { password: new Secret(PASSWORD) })).toBe('in');
  });

  it.each([
    { what: 'a one-time code', prompts: ['Verification code: '], echo: false },
    { what: 'two things', prompts: ['Password: ', 'Token: '], echo: false },
    { what: 'something visible', prompts: ['Password: '], echo: true },
  ])('are no answer to a question for $what', async ({ prompts, echo }) => {
    const answers = prompts.map(() => PASSWORD);
    const error = await failure(
      login({ keyboard: { prompts, answers, echo } }, { password: new Secret(PASSWORD) }),
    );
    expect(error.code).toBe('E_AUTH');
    expect(error.message).toContain(prompts[0]!.trim());
  });
});

describe('the agent', () => {
  /** A real ssh-agent with one key in it. */
  async function withAgent(key: string, test: (socket: string) => Promise<void>): Promise<void> {
    const socket = join(folder.path, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => agent.stdout.once('data', resolve));
    try {
      execFileSync('ssh-add', ['-q', folder.file('for-agent', key)], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
      });
      await test(socket);
    } finally {
      agent.kill();
    }
  }

  it.each(['ed25519', 'rsa'] as const)('logs in with its %s key', async (type) => {
    const key = newKey(type);
    await withAgent(key.private, async (socket) => {
      expect(await login({ publicKeys: [key.public] }, { agent: true }, socket)).toBe('in');
    });
  });

  it('is followed by the key files, and is not asked when it is off', async () => {
    await withAgent(wrong.private, async (socket) => {
      const keys = [folder.file('good', good.private)];
      expect(await login({ publicKeys: [good.public] }, { agent: true, keys }, socket)).toBe('in');
      expect(server.seen.logins).toHaveLength(2);
      await server.close();
      expect(await login({ publicKeys: [good.public] }, { agent: false, keys }, socket)).toBe('in');
      expect(server.seen.logins).toHaveLength(1);
    });
  });

  it('is named with its keys when none was accepted', async () => {
    await withAgent(wrong.private, async (socket) => {
      const error = await failure(login({ publicKeys: [good.public] }, { agent: true }, socket));
      expect(error.code).toBe('E_AUTH');
      expect(error.message).toMatch(/tried agent \(SHA256:/);
    });
  });

  it('may be dead when there is another way in', async () => {
    const socket = join(folder.path, 'dead.sock');
    writeFileSync(socket, '');
    const keys = [folder.file('good', good.private)];
    expect(await login({ publicKeys: [good.public] }, { agent: true, keys }, socket)).toBe('in');
  });

  it('is named when it is dead and there is no other way in', async () => {
    const error = await failure(login({ publicKeys: [good.public] }, { agent: true }, '/nonexistent'));
    expect(error.message).toContain('agent (/nonexistent does not answer)');
  });
});

it('says so when there is nothing to log in with', async () => {
  const error = await failure(login({ publicKeys: [good.public] }, {}));
  expect(error.code).toBe('E_AUTH');
  expect(error.message).toContain('nothing to log in with');
});

it('quotes what the server said to whom it does not let in', async () => {
  const said = 'Your account has expired;\n\u001b[2Jplease contact your system administrator';
  const error = await failure(login({ publicKeys: [good.public], banner: said }, {}));
  expect(error.message).toMatch(
    /; it said: Your account has expired; please contact your system administrator$/,
  );
});
