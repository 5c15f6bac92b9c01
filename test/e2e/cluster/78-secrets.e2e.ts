import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOSTS, type HostName, type Output, command, onHost, onHosts, settings } from '../support/lab.ts';
import {
  inventoryFile,
  repositoryRoot,
  standingCluster,
  stateFolder,
  up,
  withInventory,
  workFolder,
  writeInventory,
} from '../support/product.ts';
import { sampleTree, startSampling, stopSampling, type Sample } from '../support/samplers.ts';
import { newKey } from '../support/scene.ts';
import {
  type Secrets,
  exposedFiles,
  exposures,
  keyForms,
  modesOf,
  secretsOfHost,
  secretsOfState,
  wordForms,
} from '../support/secrets.ts';

/*
 * Commands that handle every kind of secret are run in every form of output, well and badly, while the processes of all
 * hosts are watched. Then everything that was told, logged, seen or left is searched for every secret there is.
 */

const word = (): string => randomBytes(9).toString('base64url');
const passwords = { student: `student-${word()}`, ops: `ops-${word()}` };
const wrong = { login: `login-${word()}`, sudo: `sudo-${word()}` };
const passphrase = `phrase-${word()}`;
/** No secret: told, logged, an argument and an environment on the hosts. Who does not find it would find nothing. */
const planted = `planted-${randomBytes(6).toString('hex')}`;

const secrets: Secrets = new Map();
const told = new Map<string, string>();
const calledHere = new Set<string>();
let samples: Map<HostName, Sample>;
let since = '';

const ownPasswords = (text: string): string =>
  text.replace('student-password', passwords.student).replace('ops-password', passwords.ops);

/** One command with the given words, in one form of output; everything it says is kept. */
async function say(form: '--json' | '--plain' | '-v', ...args: readonly string[]): Promise<Output> {
  const output = await command(
    'node',
    [join(repositoryRoot, 'bin/k8s-bootstrap'), ...args, '-i', inventoryFile, form],
    {
      cwd: workFolder,
      env: { PATH: process.env['PATH'], HOME: workFolder, PASSPHRASE: passphrase },
      started: ({ pid = 0 }) => void sampleTree(pid, calledHere),
    },
  );
  const name = `${told.size} ${args.join(' ')} ${form}`;
  told.set(`${name}, stdout`, output.stdout);
  told.set(`${name}, stderr`, output.stderr);
  remember();
  return output;
}

async function well(form: '--json' | '--plain' | '-v', ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await say(form, ...args);
  expect(code, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
}

async function badly(form: '--json' | '--plain' | '-v', ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await say(form, ...args);
  // An error of its own, told and ended: no crash, and so no core file.
  expect([1, 4], `${args.join(' ')}\n${stdout}\n${stderr}`).toContain(code);
  expect(stdout + stderr).not.toContain('E_BUG');
}

/** Secrets come and go: what there was at any time is searched for. */
function remember(found = secretsOfState(stateFolder)): void {
  for (const [name, forms] of found) {
    secrets.set(name, [...new Set([...(secrets.get(name) ?? []), ...forms])]);
  }
}

async function rememberHosts(): Promise<void> {
  for (const host of HOSTS) remember(await secretsOfHost(host));
}

const logs = (): Map<string, string> => {
  const folder = join(workFolder, '.k8s-bootstrap/logs');
  return new Map(
    readdirSync(folder).map((name) => [`log ${name}`, readFileSync(join(folder, name), 'utf8')]),
  );
};

beforeAll(async () => {
  await standingCluster();
  await onHost('w1', `chpasswd <<'END'\nstudent:${passwords.student}\nEND`);
  await onHost('w2', `chpasswd <<'END'\nops:${passwords.ops}\nEND`);
  for (const [name, value] of Object.entries({ ...passwords, ...wrong, passphrase })) {
    secrets.set(name, wordForms(value));
  }
  since = (await onHost('m1', 'date +%s')).trim();
  await startSampling();
  await rememberHosts();
  await onHosts(
    `PLANTED=${planted}-environment sh -c 'sleep 5; : ${planted}-argument'; logger ${planted}-journal`,
  );
  await withInventory(ownPasswords, goodRuns);
  await rememberHosts();
  await withInventory(ownPasswords, badRuns);
  await withInventory(ownPasswords, lastRuns);
  samples = await stopSampling();
}, 900_000);

async function goodRuns(): Promise<void> {
  await well('--plain', 'issue-user', planted, '--auth', 'both', '--role', 'view');
  await well('-v', 'issue-user', planted, '--auth', 'both', '--renew');
  await well('--json', 'users', 'list');
  await well('--plain', 'users', 'list');
  // Everything secret that can travel does: keys of authorities, the encryption key, a component's key, tokens.
  await onHost(
    'm1',
    'rm /etc/kubernetes/pki/ca.key /etc/kubernetes/encryption-config.yaml /etc/kubernetes/pki/tokens.csv',
  );
  await onHost('w2', 'rm /var/lib/kubelet/pki/kubelet.key');
  for (const form of ['--json', '--plain', '-v'] as const) await well(form, 'plan');
  await well('-v', 'up');
  await well('--json', 'status');
  writeFileSync(
    inventoryFile,
    `${readFileSync(inventoryFile, 'utf8')}users:\n  - { name: jane, role: view, auth: both }\n`,
  );
  await well('-v', 'plan');
  await well('--json', 'up');
}

async function badRuns(): Promise<void> {
  const usual = readFileSync(inventoryFile, 'utf8');
  const forms = ['--json', '--plain', '-v'] as const;
  for (const form of forms) {
    writeFileSync(inventoryFile, usual.replace(passwords.ops, wrong.sudo));
    await badly(form, 'plan');
    writeFileSync(inventoryFile, usual.replace(passwords.student, wrong.login));
    await badly(form, 'up');
  }
  // A step that fails with a secret in its hands.
  writeFileSync(inventoryFile, usual);
  await onHost(
    'm1',
    'mv /etc/kubernetes/pki/tokens.csv /run/k8sb-tokens; mkdir /etc/kubernetes/pki/tokens.csv',
  );
  try {
    for (const form of forms) await badly(form, 'issue-user', 'bot', '--auth', 'token', '--renew');
  } finally {
    await onHost(
      'm1',
      'rmdir /etc/kubernetes/pki/tokens.csv; mv /run/k8sb-tokens /etc/kubernetes/pki/tokens.csv',
    );
  }
}

/** With a private key that needs a passphrase. */
async function lastRuns(): Promise<void> {
  const { file, publicLine } = await newKey(workFolder, 'locked', passphrase);
  secrets.set('the locked key', keyForms(readFileSync(file, 'utf8')));
  await onHost('m1', `echo '${publicLine}' >> /root/.ssh/authorized_keys`);
  try {
    const text = readFileSync(inventoryFile, 'utf8').replace(
      `keys: [${settings.key}]`,
      `keys: [${file}, ${settings.key}]\n  passphrase: '\${env:PASSPHRASE}'`,
    );
    expect(text).toContain('PASSPHRASE');
    writeFileSync(inventoryFile, text);
    await well('--json', 'up');
    await well('-v', 'plan');
  } finally {
    await onHost('m1', "sed -i '/ locked$/d' /root/.ssh/authorized_keys");
  }
}

afterAll(async () => {
  await onHost('w1', 'echo student:student-password | chpasswd');
  await onHost('w2', 'echo ops:ops-password | chpasswd');
  for (const name of ['locked', 'locked.pub']) rmSync(join(workFolder, name), { force: true });
  writeInventory();
  for (const name of [planted, 'bot', 'jane']) await say('--json', 'users', 'revoke', name);
  await up('--prune');
});

const journals = async (): Promise<Map<string, string>> =>
  new Map(
    await Promise.all(
      HOSTS.map(
        async (host) =>
          [
            `journal of ${host}`,
            await onHost(host, `journalctl -o export --no-pager --since @${since}`),
          ] as const,
      ),
    ),
  );

const sampled = (): Map<string, string> =>
  new Map([
    ...[...samples].map(([host, { text }]) => [`processes of ${host}`, text] as const),
    ['processes here', [...calledHere].join('\n')],
  ]);

const inPlaces = (found: readonly string[]): string[] => found.map((line) => line.replace(/^\d+ /, ''));

describe('the search', () => {
  test('has something to find: authorities, components, users, tokens, passwords', () => {
    for (const name of [
      'pki/ca.key',
      'pki/encryption.key',
      'pki/plan.hmac',
      'pki/sa.key',
      'tokens.csv',
      'ops',
    ])
      expect(secrets.get(name)?.length, name).toBeGreaterThan(0);
    expect([...secrets.keys()].filter((name) => name.startsWith('m1:')).length).toBeGreaterThan(15);
    expect([...secrets.keys()].some((name) => name.startsWith('w2:/var/lib/kubelet/pki/'))).toBe(true);
  });

  test('finds what was planted in every place', async () => {
    const plants: Secrets = new Map(
      ['argument', 'environment', 'journal'].map((what) => [what, [`${planted}-${what}`]]),
    );
    const found = await exposures(new Map([...sampled(), ...(await journals())]), plants);
    for (const host of HOSTS) {
      expect(found).toContain(`processes of ${host}: argument`);
      expect(found).toContain(`processes of ${host}: environment`);
      expect(found).toContain(`journal of ${host}: journal`);
      expect(samples.get(host)?.rounds).toBeGreaterThan(100);
    }
    const name: Secrets = new Map([['the name', wordForms(planted)]]);
    const places = inPlaces(await exposures(new Map([...told, ...logs(), ...sampled()]), name));
    expect(places).toContain('processes here: the name');
    expect(places).toContain('users list --json, stdout: the name');
    expect(places).toContain('users list --plain, stdout: the name');
    expect(places.some((place) => place.startsWith('log '))).toBe(true);
    await onHost('w1', `echo ${planted} > /tmp/k8sb-planted`);
    expect(await exposedFiles('w1', name)).toContain('/tmp/k8sb-planted');
    await onHost('w1', 'rm /tmp/k8sb-planted');
  });

  test('finds a key in a kubeconfig, and a token in a row', async () => {
    const files = ['kubeconfig/admin.conf', 'tokens.csv', 'pki/ca.key'];
    const places = new Map(files.map((name) => [name, readFileSync(join(stateFolder, name), 'utf8')]));
    const found = await exposures(places, secrets);
    expect(found.some((line) => line.startsWith('kubeconfig/admin.conf: '))).toBe(true);
    expect(found.some((line) => line.startsWith('tokens.csv: '))).toBe(true);
    expect(found.some((line) => line.startsWith('pki/ca.key: '))).toBe(true);
  });
});

describe('no private key, token, password or passphrase', () => {
  test('is in what any command told: events, plans, errors, tables', async () => {
    expect(inPlaces(await exposures(told, secrets))).toEqual([]);
    expect([...told.values()].join('\n')).not.toContain('PRIVATE KEY-----');
  });

  test('is in a log file', async () => {
    expect(await exposures(logs(), secrets)).toEqual([]);
    expect([...logs().values()].join('\n')).not.toContain('PRIVATE KEY-----');
  });

  test('was in the arguments or the environment of a process, on a host or here', async () => {
    expect(await exposures(sampled(), secrets)).toEqual([]);
  });

  test('is in the journal of a host', async () => {
    expect(await exposures(await journals(), secrets)).toEqual([]);
  });

  test('was left in a file of a host where it does not belong', async () => {
    for (const host of HOSTS) expect(await exposedFiles(host, secrets), host).toBe('');
  });

  test('lies open in the state folder: what holds one is the owner’s alone', () => {
    const modes = modesOf(stateFolder, secretsOfState(stateFolder));
    expect(modes.size).toBeGreaterThan(10);
    expect(new Set(modes.values())).toEqual(new Set(['600']));
  });

  // Runs end by an exit code, never by a signal, also those that fail: nothing dumps core. That no limit forbids one
  // is the machine's to decide; a program in JavaScript cannot set its own.
  test('is in a core file: there is none', async () => {
    for (const host of HOSTS) {
      const found = await onHost(
        host,
        `find / -xdev -newermt @${since} -type f \\( -name core -o -name 'core.[0-9]*' -o -path '/var/lib/systemd/coredump/*' -o -path '/var/crash/*' \\) 2>/dev/null`,
      );
      expect(found, host).toBe('');
    }
    const here = readdirSync(workFolder, { recursive: true, encoding: 'utf8' });
    expect(
      here.filter((name) => /(?:^|\/)core(?:\.\d+)?$|^report\..*json$|heapsnapshot$/.test(name)),
    ).toEqual([]);
  });
});
