import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sshLogin } from '../../../../src/commands/ssh/ssh.ts';
import { knownHostsLines } from '../../../../src/commands/ssh/host-keys.ts';
import { fingerprint } from '../../../../src/transport/known-hosts.ts';
import { openKnownHosts } from '../../../../src/transport/host-keys.ts';
import { newKey, publicBlob, startSshServer } from '../../../support/ssh-server.ts';
import { failure, knownHostsLine, scratch, target } from '../../../support/ssh-target.ts';

const folder = scratch();
afterAll(() => {
  folder.remove();
});

const [good, other] = [newKey().public, newKey().public];
const pin = (key: string): string => fingerprint(publicBlob(key));
const never = new AbortController().signal;
const policy = (...lines: readonly string[]) =>
  openKnownHosts({ own: folder.file('known_hosts', lines.join('\n')) });
const named = (key: string): string => knownHostsLine('[127.0.0.1]:2200', key);

describe('the host keys that the system’s ssh is given', () => {
  it('are those that are known', async () => {
    const lines = knownHostsLines(target(2200), policy(named(good), named(other)), never);
    expect(await lines).toEqual([named(good), named(other)]);
  });

  it('are none where nothing is known: ssh asks', async () => {
    expect(await knownHostsLines(target(2200), policy(), never)).toBeUndefined();
  });

  it('are the pinned one alone, whatever else is known', async () => {
    const pinned = target(2200, { hostKey: pin(good) });
    expect(await knownHostsLines(pinned, policy(named(other), named(good)), never)).toEqual([named(good)]);
  });

  it('have revoked ones with them', async () => {
    const lines = knownHostsLines(
      target(2200),
      policy(named(good), `@revoked * ${named(other).slice(17)}`),
      never,
    );
    expect(await lines).toEqual([`@revoked ${named(other)}`, named(good)]);
  });

  it('are refused when the pinned one was revoked', async () => {
    const pinned = target(2200, { hostKey: pin(good) });
    const lines = knownHostsLines(pinned, policy(`@revoked ${named(good)}`), never);
    expect((await failure(lines)).code).toBe('E_HOST_KEY_REVOKED');
  });

  it('are asked of the host when only a pin is known, without a login', async () => {
    const keys = [newKey(), newKey('ecdsa')];
    const server = await startSshServer({ hostKeys: keys.map((key) => key.private), password: 'x' });
    try {
      const [, second] = keys.map((key) => key.public);
      const pinned = target(server.port, { hostKey: pin(second!) });
      const line = knownHostsLine(`[127.0.0.1]:${server.port}`, second!);
      expect(await knownHostsLines(pinned, policy(), never)).toEqual([line]);
      expect(server.seen.logins).toEqual([]);
      const wrong = target(server.port, { hostKey: pin(other) });
      expect((await failure(knownHostsLines(wrong, policy(), never))).code).toBe('E_HOST_KEY_CHANGED');
    } finally {
      await server.close();
    }
  });
});

describe('k8s-bootstrap ssh', () => {
  it('hands ssh a file of its own, which is gone afterwards, and nothing else makes the host known', async () => {
    const inventory = folder.file(
      'one.yaml',
      `name: x\nhosts: [{ name: m1, address: 192.0.2.11, ssh: { port: 2200, hostKey: "${pin(good)}" } }]\n`,
    );
    const there = (key: string): string => named(key).replace('127.0.0.1', '192.0.2.11');
    const state = `${folder.path}/.k8s-bootstrap/x`;
    execFileSync('mkdir', ['-p', '-m', '700', state]);
    folder.file('.k8s-bootstrap/x/known_hosts', `${there(other)}\n${there(good)}\n`);
    const { args, end } = await sshLogin(inventory, {}, new Set(), 'm1', ['true'], never);
    const read = execFileSync('ssh', ['-F', '/dev/null', '-G', ...args], { encoding: 'utf8' });
    const file = /^userknownhostsfile (.*)$/m.exec(read)?.[1] ?? '';
    expect(readFileSync(file, 'utf8')).toBe(`${there(good)}\n`);
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(read).toMatch(/^stricthostkeychecking (true|yes)$/m);
    expect(read).toMatch(/^globalknownhostsfile \/dev\/null$/m);
    expect(read).toMatch(/^hostkeyalias \[192\.0\.2\.11\]:2200$/m);
    await end();
    expect(existsSync(dirname(file))).toBe(false);
  });
});
