import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { loginArguments } from '../../../src/commands/ssh/ssh.ts';
import { asker } from '../../../src/cli/shared/ask.ts';
import { scratch, target } from '../../support/ssh-target.ts';
import { collector, run } from './support.ts';

const folder = scratch();
afterAll(() => {
  folder.remove();
});

describe('a question on the terminal', () => {
  const ask = async (typed: string | undefined, options: { json?: boolean; pipe?: boolean } = {}) => {
    const stdin = Object.assign(new PassThrough(), options.pipe ? {} : { isTTY: true });
    const stderr = collector(true);
    const around = { argv: [], env: {}, stdin, stdout: stderr.stream, stderr: stderr.stream };
    const stop = new AbortController();
    let flushed = 0;
    const ready = (): Promise<void> => Promise.resolve(void (flushed += 1));
    const confirm = asker(around, { ...(options.json && { json: true }) }, ready, stop.signal);
    const answer = confirm?.('Trust it?');
    if (typed === undefined)
      setImmediate(() => {
        stop.abort();
      });
    else stdin.end(typed);
    return { answer: await answer, shown: stderr.text(), flushed };
  };

  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['yikes\n', false],
    ['', false],
    [undefined, false],
  ])('answered by %j is %s', async (typed, expected) => {
    expect(await ask(typed)).toMatchObject({
      answer: expected,
      flushed: 1,
      shown: expect.stringContaining('Trust it? [y/N] ') as string,
    });
  });

  it('is asked neither in a pipe nor with --json', async () => {
    expect((await ask('y\n', { pipe: true })).answer).toBeUndefined();
    expect((await ask('y\n', { json: true })).answer).toBeUndefined();
  });
});

describe('ssh', () => {
  const jump = target(
    2222,
    { user: 'gate', keys: ['/keys/gate key'] },
    { host: 'gate', address: 'gate.lan' },
  );
  const inner = target(22, { keys: ['/keys/100%'], agent: false }, { address: '10.0.0.5', via: jump });

  it('gets user, port, keys and known hosts', () => {
    expect(loginArguments(target(2200, { agent: true }), () => ({ asked: ['/a b/known_hosts'] }))).toEqual([
      ...['-o', 'UserKnownHostsFile="/a b/known_hosts"', '-o', 'ConnectTimeout=5'],
      ...['-p', '2200', '-l', 'deploy', '--', '127.0.0.1'],
    ]);
  });

  it('is understood by the system’s ssh, jump host and all', () => {
    const args = loginArguments(inner, () => ({ only: '/k' }));
    const read = execFileSync('ssh', ['-F', '/dev/null', '-G', ...args], { encoding: 'utf8' });
    expect(read).toContain('user deploy\nhostname 10.0.0.5\nport 22\n');
    expect(read).toContain('identityfile /keys/100%%\n'); // expanded when used
    const proxy = /^proxycommand (.*)$/m.exec(read)?.[1] ?? '';
    expect(proxy).toContain(`-o 'IdentityFile="/keys/gate key"'`);
    expect(proxy.endsWith('-p 2222 -l gate -W %h:%p -- gate.lan')).toBe(true);
  });

  it('passes the command through, options and all, and ends with its code', async () => {
    const bin = `${folder.path}/bin`;
    mkdirSync(bin);
    chmodSync(
      folder.file('bin/ssh', `#!/bin/sh\nfor word; do echo "$word"; done > ${folder.path}/words\nexit 7\n`),
      0o755,
    );
    const file = folder.file('one.yaml', 'name: x\nhosts: [{ name: m1, address: 10.0.0.1 }]\n');
    const { code } = await run(['-i', file, 'ssh', 'm1', 'grep', '-i', '--json', 'x'], {
      PATH: `${bin}:/usr/bin:/bin`,
    });
    expect(code).toBe(7);
    const words = execFileSync('cat', [`${folder.path}/words`], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(words.slice(-6)).toEqual(['--', '10.0.0.1', 'grep', '-i', '--json', 'x']);
  });

  it('that is not installed is told, with a shell’s code', async () => {
    const file = folder.file('two.yaml', 'name: x\nhosts: [{ name: m1, address: 10.0.0.1 }]\n');
    const { code, stderr } = await run(['-i', file, 'ssh', 'm1'], { PATH: '/nonexistent' });
    expect(code).toBe(127);
    expect(stderr).toContain('install the OpenSSH client');
  });
});
