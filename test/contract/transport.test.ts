import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runScript } from '../../src/transport/feed.ts';
import { localSession } from '../../src/transport/local-session.ts';
import type { Session } from '../../src/transport/session.ts';
import { startSshServer, type SshServer } from '../support/ssh-server.ts';
import { connect, failure, PASSWORD, scratch, target, trusting } from '../support/ssh-target.ts';

const folder = scratch();
afterAll(folder.remove);

const transports = [
  { name: 'local sh', shell: 'sh', ssh: false },
  { name: 'local bash', shell: 'bash', ssh: false },
  { name: 'ssh', shell: 'sh', ssh: true },
  { name: 'ssh with bash as login shell', shell: 'bash', ssh: true },
];

/** Chunks of `size` bytes; `state` tells how far the reader let it come, and whether it was told to stop. */
function chunks(
  count: number,
  size = 65_536,
): { source: AsyncGenerator<Uint8Array>; state: { made: number; closed: boolean } } {
  const state = { made: 0, closed: false };
  async function* make(): AsyncGenerator<Uint8Array> {
    try {
      for (; state.made < count; state.made += 1) {
        await Promise.resolve();
        yield Buffer.alloc(size, state.made % 256);
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: make(), state };
}

/** An input that never ends by itself, one byte a while. */
function endless(): { source: AsyncGenerator<Uint8Array>; state: { closed: boolean } } {
  const state = { closed: false };
  async function* make(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        await sleep(20);
        yield Buffer.from('.');
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: make(), state };
}

describe.each(transports)('a session over $name', ({ shell, ssh }) => {
  let server: SshServer | undefined;
  let session: Session;

  beforeAll(async () => {
    server = ssh ? await startSshServer({ password: PASSWORD, shell }) : undefined;
  });
  afterAll(() => server?.close());
  const open = async (limit: { commandTimeoutSeconds?: number } = {}, at = server): Promise<Session> =>
    at
      ? connect(target(at.port, limit), {
          knownHosts: trusting(folder.path, { [`[127.0.0.1]:${at.port}`]: at.hostKeys[0]! }),
        })
      : localSession({ shell, timeoutMs: (limit.commandTimeoutSeconds ?? 15) * 1000 });
  beforeEach(async () => {
    session = await open();
  });
  afterEach(() => session.close());

  it('tells stdout, stderr and the exit code apart', async () => {
    const result = await session.exec('echo out; echo err >&2; exit 7');
    expect(result).toEqual({ code: 7, stdout: Buffer.from('out\n'), stderr: Buffer.from('err\n') });
  });

  it('resolves for a command that does not exist', async () => {
    const result = await session.exec('/does/not/exist');
    expect(result.code).toBe(127);
  });

  it('is over with the last words that were agreed on, in however many pieces they come', async () => {
    const { source, state } = endless();
    const lastWords = Buffer.from('\nend\n');
    const result = await session.exec(`printf 'a\nb\ne'; sleep 0.1; printf 'nd\n'; cat > /dev/null`, {
      stdin: source,
      lastWords,
    });
    expect(result).toEqual({ code: 0, stdout: Buffer.from('a\nb\nend\n'), stderr: Buffer.alloc(0) });
    await expect.poll(() => state.closed).toBe(true);
    expect((await session.exec('exit 3', { lastWords })).code).toBe(3);
  });

  it('runs in the C locale', async () => {
    const result = await session.exec('echo "$LC_ALL"; x=ä; echo ${#x}');
    expect(result.stdout.toString()).toBe('C\n2\n');
  });

  it('passes any quoting, newlines and unset words unchanged', async () => {
    const result = await session.exec(`printf '%s|' 'a  b' "c'd" "$nothing" \\"e\\"\nprintf last`);
    expect(result.stdout.toString()).toBe(`a  b|c'd||"e"|last`);
  });

  it('carries every byte in both directions', async () => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
    const stdin = [bytes.subarray(0, 300), bytes.subarray(300)];
    expect((await session.exec('cat', { stdin })).stdout.equals(bytes)).toBe(true);
    expect((await session.exec('cat >&2', { stdin })).stderr.equals(bytes)).toBe(true);
  });

  it('gives a command without input an empty one', async () => {
    const result = await session.exec('cat; echo done');
    expect(result.stdout.toString()).toBe('done\n');
  });

  it('streams a large input at the reader’s pace and counts it', async () => {
    const { source, state } = chunks(480);
    const before = session.stats.bytesSent;
    const whole = createHash('sha256');
    for (let index = 0; index < 480; index += 1) whole.update(Buffer.alloc(65_536, index % 256));
    let madeWhileWaiting = 0;
    const result = await session.exec('echo ready; sleep 0.3; sha256sum', {
      stdin: source,
      onStdout: (chunk) => {
        if (chunk.includes('ready')) setTimeout(() => (madeWhileWaiting = state.made), 200);
      },
    });
    expect(result.stdout.toString()).toContain(whole.digest('hex'));
    expect(session.stats.bytesSent - before).toBe(480 * 65_536);
    expect(madeWhileWaiting).toBeLessThan(300); // it was not pulled into memory
  });

  it('does not mind a command that stops reading', async () => {
    const { source, state } = chunks(1600);
    const result = await session.exec('head -c 10 >/dev/null; exit 4', { stdin: source });
    expect(result.code).toBe(4);
    expect(state.made).toBeLessThan(1600);
    await expect.poll(() => state.closed).toBe(true);
  });

  it('does not mind a command that closes its input and goes on', async () => {
    const result = await session.exec('exec <&-; sleep 0.2; echo still here', { stdin: chunks(1600).source });
    expect(result).toMatchObject({ code: 0, stdout: Buffer.from('still here\n') });
  });

  it('fails with the source’s own error, and the command does not see a complete input', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      await Promise.resolve();
      throw new TypeError('disk gone');
    };
    const mark = `${folder.path}/complete-${String(Math.random())}`;
    await expect(
      session.exec(`cat >/dev/null && sleep 0.2 && touch ${mark}`, { stdin: broken() }),
    ).rejects.toThrow('disk gone');
    await sleep(400);
    expect((await session.exec(`test -e ${mark}`)).code).toBe(1);
  });

  it('hands out output as it comes', async () => {
    const times: string[] = [];
    await session.exec('echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three', {
      onStdout: (chunk) => times.push(chunk.toString()),
      onStderr: (chunk) => times.push(chunk.toString()),
    });
    expect(times).toEqual(['one\n', 'two\n', 'three\n']);
  });

  it('fails when the listener to its output fails', async () => {
    const onStdout = (): void => {
      throw new TypeError('bad listener');
    };
    await expect(session.exec('echo x; sleep 5', { onStdout })).rejects.toThrow('bad listener');
  });

  it('collects much output on both streams', async () => {
    // Together less than a window of ssh2’s server, which can stall when both outputs wait for one.
    const both = await session.exec('head -c 900000 /dev/zero & head -c 900000 /dev/zero >&2; wait');
    expect([both.stdout.length, both.stderr.length]).toEqual([900_000, 900_000]);
    const outputLimit = 9_000_000;
    const much = 'head -c 9000000 /dev/zero';
    expect((await session.exec(much, { outputLimit })).stdout.length).toBe(9_000_000);
    expect((await session.exec(`${much} >&2`, { outputLimit })).stderr.length).toBe(9_000_000);
  });

  it.each(['cat /dev/zero', 'cat /dev/zero >&2'])(
    'ends what prints without an end: %s',
    async (endlessly) => {
      const error = await failure(session.exec(endlessly, { timeoutMs: 30_000 }));
      expect(error).toMatchObject({ code: 'E_OUTPUT', where: { host: session.host } });
      expect(error.message).toBe(`${session.host}: a command printed more than ${8 * 1024 ** 2} bytes`);
      expect((await session.exec('echo still here')).stdout.toString()).toBe('still here\n');
    },
  );

  it('keeps nothing of what is only followed, however long it is', async () => {
    let followed = 0;
    const onStdout = (chunk: Buffer): void => void (followed += chunk.length);
    const much = session.exec('head -c 9000000 /dev/zero', { keepStdout: false, onStdout });
    expect((await much).stdout.length).toBe(0);
    expect(followed).toBe(9_000_000);
  });

  it('loses no output that comes right before the end', async () => {
    for (let round = 0; round < 20; round += 1) {
      const result = await session.exec('printf out; printf err >&2');
      expect([result.stdout.toString(), result.stderr.toString()]).toEqual(['out', 'err']);
    }
  });

  it('reports a death by signal as 128 + its number', async () => {
    expect((await session.exec('kill -TERM $$')).code).toBe(143);
    expect((await session.exec('kill -KILL $$')).code).toBe(137);
  });

  it('stops waiting at the time limit', async () => {
    const started = Date.now();
    const error = await failure(session.exec('sleep 30', { timeoutMs: 150 }));
    expect(error.code).toBe('E_TIMEOUT');
    expect(error.message).toContain('0.15 s');
    expect(Date.now() - started).toBeLessThan(5000);
  });

  it('waits as long as it takes for what has no time limit', async () => {
    const short = await open({ commandTimeoutSeconds: 0.2 });
    const [limited, longer, endless] = await Promise.allSettled([
      short.exec('sleep 0.6'),
      short.exec('sleep 0.6', { moreMs: 5000 }),
      short.exec('sleep 0.6', { timeoutMs: Infinity }),
    ]);
    await short.close();
    expect(limited).toMatchObject({ status: 'rejected', reason: { code: 'E_TIMEOUT' } });
    expect([longer, endless]).toMatchObject([{ value: { code: 0 } }, { value: { code: 0 } }]);
  });

  it('stops waiting when told to', async () => {
    const controller = new AbortController();
    const running = failure(session.exec('sleep 30', { signal: controller.signal }));
    await sleep(50);
    controller.abort();
    expect((await running).code).toBe('E_ABORTED');
  });

  it('does not start when it was told to stop before', async () => {
    const before = session.stats.execs;
    expect((await failure(session.exec('true', { signal: AbortSignal.abort() }))).code).toBe('E_ABORTED');
    expect(session.stats.execs).toBe(before);
  });

  it('runs 20 commands at once, and counts them', async () => {
    // At a server of its own: what another test has aborted may still be ending at theirs.
    const own = ssh ? await startSshServer({ password: PASSWORD, shell }) : undefined;
    const alone = await open({}, own);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => alone.exec(`sleep 0.05; echo ${index}`)),
    );
    expect(results.map(({ stdout }) => Number(stdout.toString()))).toEqual(results.map((_, index) => index));
    expect(alone.stats.execs).toBe(20);
    expect(own?.seen.commandsAtOnce ?? 6).toBe(6);
    expect(alone.stats.connections).toBe(ssh ? 1 : 0);
    await alone.close();
    await own?.close();
  });

  it('runs a script whose steps read the payload, and whose other commands read nothing', async () => {
    const { source } = chunks(1, 10);
    const script = 'cat; head -c 4 <&3 | wc -c; IFS= read -r x; cat <&3 | wc -c; echo end';
    const result = await runScript(session, { script, payload: source });
    expect(result.stdout.toString().split(/\s+/)).toEqual(['4', '6', 'end', '']);
  });
});
