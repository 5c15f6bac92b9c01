import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addressOf, lab, onHost, settings } from '../support/lab.ts';
import { type Ended, type Scene, filesBelow, newKey, scene } from '../support/scene.ts';

/** Only the way to the host is looked at: `logs` connects, becomes root and reads one line. */
const LOGS = ['logs', 'ssh', '-n', '1'];
let here: Scene;

const inventory = (ssh: string, address = addressOf('m1')): string =>
  `name: scene\nhosts: [{ name: m1, address: ${address}, ip: ${addressOf('m1')} }]\nssh:\n  ${ssh.split('\n').join('\n  ')}\n`;

const asRoot = `keys: [${settings.key}]\nagent: false`;

/** Runs a command after new keys were trusted, so that the failure is another one. */
const logs = (ssh: string, env: Record<string, string> = {}, address?: string): Promise<Ended> => {
  here.write(inventory(ssh, address));
  return here.run([...LOGS, '--accept-new-host-keys'], { env });
};

function expectFailure({ code, errors }: Ended, wanted: string, exitCode = 1): string {
  expect({ code, errors: errors.map((error) => error.code) }).toEqual({ code: exitCode, errors: [wanted] });
  const [error] = errors;
  expect(error?.hint ?? '').not.toBe('');
  return `${error?.message ?? ''}\n${error?.hint ?? ''}`;
}

beforeAll(async () => {
  await lab('up');
});
afterEach(() => {
  here.remove();
});

describe('the login', () => {
  it('with the right key works, as root', async () => {
    here = scene('scene');
    const ended = await logs(asRoot);
    expect({ code: ended.code, errors: ended.errors }).toEqual({ code: 0, errors: [] });
    expect(ended.events.filter(({ type }) => type === 'result')).toHaveLength(1);
  });

  it('with a wrong key names what was tried and what the server takes', async () => {
    here = scene('scene');
    const { file } = await newKey(here.folder, 'wrong');
    const said = expectFailure(await logs(`keys: [${file}]\nagent: false`), 'E_AUTH');
    expect(said).toContain(`key ${file}`);
    expect(said).toContain('the server takes publickey');
  });

  it('with an encrypted key needs its passphrase', async () => {
    here = scene('scene');
    const { file, publicLine } = await newKey(here.folder, 'locked', 'a long passphrase');
    await onHost('m1', `echo '${publicLine}' >> /root/.ssh/authorized_keys`);
    try {
      const ssh = `keys: [${file}]\nagent: false`;
      expect(expectFailure(await logs(ssh), 'E_SSH_KEY')).toContain(
        'is encrypted and no passphrase was given',
      );
      const wrong = await logs(`${ssh}\npassphrase: '\${env:PASSPHRASE}'`, { PASSPHRASE: 'another one' });
      expectFailure(wrong, 'E_SSH_KEY');
      expect(JSON.stringify(wrong)).not.toContain('another one');
      const right = await logs(`${ssh}\npassphrase: '\${env:PASSPHRASE}'`, {
        PASSPHRASE: 'a long passphrase',
      });
      expect({ code: right.code, errors: right.errors }).toEqual({ code: 0, errors: [] });
    } finally {
      await onHost('m1', "sed -i '/ locked$/d' /root/.ssh/authorized_keys");
    }
  });

  it('by password alone works, and a wrong one is sent once', async () => {
    here = scene('scene');
    const ssh = "user: student\nkeys: []\nagent: false\npassword: '${env:PASSWORD}'";
    expect((await logs(ssh, { PASSWORD: 'student-password' })).code).toBe(0);
    const since = (await onHost('m1', 'date +%s')).trim();
    const wrong = await logs(ssh, { PASSWORD: 'not-the-password' });
    expectFailure(wrong, 'E_AUTH');
    expect(JSON.stringify(wrong)).not.toContain('not-the-password');
    const failed = await onHost(
      'm1',
      `journalctl -u ssh --since @${since} -o cat | grep -c 'Failed password for student'`,
    );
    expect(failed.trim()).toBe('1');
  });
});

describe('the connection', () => {
  it('that is refused says so', async () => {
    here = scene('scene');
    expect(
      expectFailure(await logs(`${asRoot}\nport: 9`, {}, settings.controller), 'E_CONNECT_REFUSED'),
    ).toContain('check that sshd runs');
  });

  it('that a firewall rejects says so', async () => {
    here = scene('scene');
    expect(expectFailure(await logs(`${asRoot}\nport: 9`), 'E_CONNECT_UNREACHABLE')).toContain('firewall');
  });

  it('to a host that is not there ends in time', async () => {
    here = scene('scene');
    const ended = await logs(`${asRoot}\nconnectTimeoutSeconds: 2`, {}, `${settings.net}.99`);
    expect(['E_CONNECT_UNREACHABLE', 'E_CONNECT_TIMEOUT']).toContain(ended.errors[0]?.code);
    expect(ended.code).toBe(1);
  });
});

describe('the host key', () => {
  const fingerprint = async (): Promise<string> => {
    const printed = await onHost('m1', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    return printed.split(' ')[1] ?? '';
  };

  it('of a host never seen before is shown and not trusted; nothing is written', async () => {
    here = scene('scene', inventory(asRoot));
    const said = expectFailure(await here.run(LOGS), 'E_HOST_KEY_UNKNOWN');
    expect(said).toContain(await fingerprint());
    expect(said).toContain('k8s-bootstrap trust');
    expect(filesBelow(join(here.folder, '.k8s-bootstrap'))).toEqual([]);
  });

  it('is trusted by trust --yes, not by trust alone where nobody can answer', async () => {
    here = scene('scene', inventory(asRoot));
    const alone = await here.run(['trust', 'm1']);
    expect(expectFailure(alone, 'E_HOST_KEY_UNKNOWN')).toContain('--yes');
    expect(filesBelow(here.state)).toEqual([]);
    expect((await here.run(['trust', 'm1', '--yes'])).code).toBe(0);
    expect((await here.run(LOGS)).code).toBe(0);
  });

  it('is asked about once on a terminal, and remembered', async () => {
    here = scene('scene', inventory(asRoot));
    const no = await here.onTerminal(LOGS, 'n\n');
    expect(no.stdout).toContain('Trust this key? [y/N]');
    expect({ code: no.code, files: filesBelow(here.state) }).toEqual({ code: 1, files: [] });
    const yes = await here.onTerminal(LOGS, 'y\n');
    expect(yes.stdout).toContain(await fingerprint());
    expect({ code: yes.code, files: filesBelow(here.state) }).toEqual({ code: 0, files: ['known_hosts'] });
    const again = await here.onTerminal(LOGS, '');
    expect(again.stdout).not.toContain('Trust');
    expect(again.code).toBe(0);
  });

  it('that changed stops everything, names both fingerprints, and is replaced only by trust --replace', async () => {
    here = scene('scene', inventory(asRoot));
    await here.run(['trust', '--yes']);
    const file = join(here.state, 'known_hosts');
    const { publicLine } = await newKey(here.folder, 'imposter');
    const [type = '', blob = ''] = publicLine.split(' ');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, `${before.split(' ')[0] ?? ''} ${type} ${blob}\n`);
    const changed = await here.run([...LOGS, '--accept-new-host-keys']);
    const said = expectFailure(changed, 'E_HOST_KEY_CHANGED');
    expect(said.match(/SHA256:[\w+/]{43}/g)?.length).toBeGreaterThanOrEqual(2);
    expect(said).toContain(await fingerprint());
    expectFailure(await here.run(['trust', 'm1', '--yes']), 'E_HOST_KEY_CHANGED');
    expect((await here.run(['trust', 'm1', '--yes', '--replace'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect((await here.run(LOGS)).code).toBe(0);
  });
});

describe('sudo', () => {
  const asOps = `user: ops\nkeys: [${settings.key}]\nagent: false`;
  const withPassword = `${asOps}\nsudo: { password: '\${env:SUDO}' }`;
  const REQUIRETTY = '/etc/sudoers.d/requiretty';

  it('with its password works', async () => {
    here = scene('scene');
    expect((await logs(withPassword, { SUDO: 'ops-password' })).code).toBe(0);
  });

  it('with a wrong password ends after one try', async () => {
    here = scene('scene');
    const since = (await onHost('m1', 'date +%s')).trim();
    const wrong = await logs(withPassword, { SUDO: 'not-the-password' });
    expect(expectFailure(wrong, 'E_SUDO_PASSWORD')).toContain('does not accept the password');
    expect(JSON.stringify(wrong)).not.toContain('not-the-password');
    const tries = await onHost(
      'm1',
      `journalctl --since @${since} -o cat | grep -c 'sudo:auth): authentication failure'`,
    );
    expect(tries.trim()).toBe('1');
  });

  it('without a password says that it is asked for one', async () => {
    here = scene('scene');
    expect(expectFailure(await logs(asOps), 'E_SUDO_PASSWORD')).toContain('none was given');
  });

  it('of a user who is not allowed says so', async () => {
    here = scene('scene');
    await onHost(
      'm1',
      `useradd -m guest && cp -r /root/.ssh /home/guest && chown -R guest: /home/guest/.ssh && echo guest:guest-password | chpasswd`,
    );
    try {
      const guest = withPassword.replace('user: ops', 'user: guest');
      expectFailure(await logs(guest, { SUDO: 'guest-password' }), 'E_SUDO_DENIED');
    } finally {
      await onHost('m1', 'userdel -rf guest 2>/dev/null; :');
    }
  });

  it('that insists on a terminal ends in the remedy, which works', async () => {
    here = scene('scene');
    await onHost('m1', `echo 'Defaults requiretty' > ${REQUIRETTY}; chmod 440 ${REQUIRETTY}`);
    try {
      const said = expectFailure(await logs(withPassword, { SUDO: 'ops-password' }), 'E_SUDO_TTY');
      const remedy = /On the host: (.*)$/m.exec(said)?.[1] ?? '';
      await onHost('m1', `rm ${REQUIRETTY}\n${remedy}`);
      expect((await logs(withPassword, { SUDO: 'ops-password' })).code).toBe(0);
    } finally {
      await onHost('m1', `rm -f ${REQUIRETTY} /etc/sudoers.d/k8s-bootstrap`);
    }
  });
});

afterAll(async () => {
  // What the tests put into the host's own files must be gone again.
  expect(await onHost('m1', 'ls /etc/sudoers.d; grep -c locked /root/.ssh/authorized_keys; :')).not.toContain(
    'requiretty',
  );
});
