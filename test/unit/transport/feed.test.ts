import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CUT_SHORT, runScript } from '../../../src/transport/feed.ts';
import { localSession } from '../../../src/transport/local-session.ts';
import type { ExecOptions, Session } from '../../../src/transport/session.ts';

async function* once(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield Buffer.from(chunk);
  }
}

/** Passes only the first bytes of stdin on, as a connection that breaks would. */
function cutting(session: Session, bytes: number): Session {
  const cut = async function* (stdin: ExecOptions['stdin']): AsyncGenerator<Uint8Array> {
    let left = bytes;
    for await (const chunk of stdin ?? []) {
      if (left > 0) yield chunk.subarray(0, left);
      left -= chunk.length;
    }
  };
  return {
    ...session,
    exec: (command, options) => session.exec(command, { ...options, stdin: cut(options?.stdin) }),
  };
}

describe.each(['dash', 'bash', 'sh'])('a script in %s', (shell) => {
  const session = localSession({ shell });
  const out = async (script: string, payload?: AsyncIterable<Uint8Array>): Promise<string> => {
    const result = await runScript(session, { script, ...(payload && { payload }) });
    expect(result.stderr.toString()).toBe('');
    return result.stdout.toString();
  };

  it('runs, and its exit code is the result’s', async () => {
    const result = await runScript(session, { script: 'echo out; echo err >&2; (exit 3)' });
    expect(result).toEqual({
      code: 3,
      stdout: Buffer.from('out\n'),
      stderr: Buffer.from('err\n'),
      started: true,
    });
    expect((await runScript(session, { script: 'exit 5; echo no' })).code).toBe(5);
  });

  it('may have a step that reads stdin: it gets nothing, and the rest runs', async () => {
    expect(await out('cat; IFS= read -r x; echo "[$x]"; cat >/dev/null; echo end')).toBe('[]\nend\n');
  });

  it('reads its payload piece by piece, each step as much as it is told', async () => {
    const script =
      'head -c 5 <&3; echo; head -c 3 <&3 | tr a-z A-Z; echo; IFS= read -r line <&3; echo "$line"; cat <&3';
    expect(await out(script, once('hel', 'lox', 'yzli', 'ne\nrest\n'))).toBe('hello\nXYZ\nline\nrest\n');
  });

  it('does not mind a payload that nobody reads', async () => {
    expect(await out('echo done', once('x'.repeat(1_000_000)))).toBe('done\n');
  });

  it('may be larger than an argument or a variable in the environment can be', async () => {
    const script = `echo begin\n${': 0123456789abcdef\n'.repeat(17_000)}env true && echo end\n\n\n`;
    expect(script.length).toBeGreaterThan(300_000);
    expect(await out(script)).toBe('begin\nend\n');
  });

  it('is not disturbed by exported variables of the same name', async () => {
    const polluted = localSession({ shell, env: { _k8sb_s: 'x', _k8sb_n: '1' } });
    const result = await runScript(polluted, {
      script: `${': 0123456789abcdef\n'.repeat(17_000)}env true && echo end`,
    });
    expect(result.stdout.toString()).toBe('end\n');
  });

  it('may hold any text: quotes, dollars, backslashes, other alphabets, a comment at its end', async () => {
    const script = `printf '%s\\n' "a'b" 'c"d$HOME\`id\`' '\\n' '管 é 😀'\ncat <<'END'\n  $x \\ here\nEND\n# last`;
    expect(await out(script)).toBe(`a'b\nc"d$HOME\`id\`\n\\n\n管 é 😀\n  $x \\ here\n`);
  });

  it('runs nothing at all when it arrives cut short, wherever the cut is', async () => {
    const script = 'echo ran >&2\necho ran\n'.repeat(20);
    const whole = Buffer.byteLength(`main() {\n${script}\n}\nmain </dev/null`) + 4;
    for (let bytes = 0; bytes < whole; bytes += 7) {
      const result = await runScript(cutting(session, bytes), { script });
      expect([bytes, result.code, result.stdout.toString()]).toEqual([bytes, CUT_SHORT, '']);
      expect(result.stderr.toString()).not.toContain('ran\n');
    }
    const last = await runScript(cutting(session, whole - 1), { script });
    expect(last.code).toBe(CUT_SHORT);
    expect((await runScript(cutting(session, whole), { script })).code).toBe(0);
  });

  it('fails with a syntax error instead of running half', async () => {
    const result = await runScript(session, { script: 'echo ran; if' });
    expect(result.code).not.toBe(0);
    expect(result.stdout.toString()).toBe('');
  });

  it('takes a payload of 100 MB without keeping it', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    const hash = createHash('sha256');
    let peak = 0;
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 1600; index += 1) {
        await Promise.resolve();
        hash.update(chunk);
        const fresh = Buffer.from(chunk);
        if (index % 100 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers);
        yield fresh;
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    const output = await out('head -c 104857600 <&3 | sha256sum; cat <&3', large());
    expect(output).toBe(`${hash.digest('hex')}  -\n`);
    expect(peak - before).toBeLessThan(70_000_000);
  });
});

it('refuses a script with a NUL byte', async () => {
  await expect(runScript(localSession(), { script: 'echo a\0b' })).rejects.toThrow(
    expect.objectContaining({ code: 'E_SCRIPT' }) as Error,
  );
});
