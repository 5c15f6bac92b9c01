import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FileRead, FileState, Watch } from '../../src/probe/observe.ts';
import { probeScript } from '../../src/probe/probe.ts';
import { saltedDigest } from '../../src/probe/probers/files.ts';
import { makeFleet, probe } from '../../src/run/fleet.ts';
import { runScript } from '../../src/transport/feed.ts';
import { look } from '../support/probing.ts';
import { rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const file = (key: string, read: FileRead = 'content'): Watch => ({ kind: 'file', key, read });
const answer = (key: string, script: string, slow = false): Watch => ({ kind: 'answer', key, script, slow });

/** Every byte there is, and what might be taken for the end of something. */
const BINARY = Buffer.concat([
  Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  Buffer.from('\0\0\n\ncontents /etc/passwd\nstat 644 root root 1 /etc/x|regular file\n'),
]);

describe.each(shells)('probing with $name as sh', (shell) => {
  it('brings back files byte for byte', async () => {
    const host = rootedHost(shell);
    const contents: Record<string, Buffer> = {
      '/etc/binary': BINARY,
      '/etc/empty': Buffer.alloc(0),
      '/etc/unended': Buffer.from('no line end'),
      '/etc/ends-twice': Buffer.from('two\n\n'),
      '/etc/utf8': Buffer.from('grüße 🚀\n'),
      '/etc/latin1': Buffer.from('gr\xfc\xdfe\r\n', 'latin1'),
      '/etc/large': Buffer.alloc(700_000, 'x'),
    };
    for (const [path, content] of Object.entries(contents)) host.write(path, content);
    const seen = await look(
      host.session(),
      Object.keys(contents).map((path) => file(path)),
    );
    for (const [path, content] of Object.entries(contents)) {
      expect(seen.file(path), path).toEqual({
        type: 'file',
        mode: '0644',
        owner: 'root',
        group: 'root',
        size: content.length,
        sha256: sha256(content),
        content,
      });
    }
  });

  it('asks again when a file was written between the look at its size and the reading of it', async () => {
    const host = rootedHost(shell);
    host.write('/etc/a', 'a');
    host.write('/etc/b', 'b');
    // Slow questions end when all sizes are known, and contents are read behind them.
    const once =
      'until [ -e "$D.roles" ]; do :; done; [ -e /etc/once ] || { : > /etc/once; echo longer > /etc/a; }';
    const fleet = makeFleet(['m1'], {
      emit: () => undefined,
      addressOf: () => '192.0.2.11',
      connect: () => Promise.resolve(host.session()),
      concurrency: 1,
      kill: new AbortController().signal,
      knownError: () => undefined,
    });
    const member = fleet.members.get('m1')!;
    const seen = await probe(fleet, member, [file('/etc/a'), file('/etc/b'), answer('writes', once, true)]);
    expect(
      ['/etc/a', '/etc/b'].map((path) => (seen.file(path) as { content: Buffer }).content.toString()),
    ).toEqual(['longer\n', 'b']);
  });

  it.each([
    'exit 3',
    '[ -e /nowhere ] || { exit 3; }',
    'if :; then exit 3; fi',
    '(exit 3)',
    'false || exit 3',
  ])('asks on after a question that ended with %j', async (script) => {
    const seen = await look(rootedHost(shell).session(), [
      answer('ends', `echo said\n${script}`),
      answer('ends-slow', `echo said\n${script}`, true),
      answer('next', 'echo here'),
    ]);
    expect(['ends', 'ends-slow', 'next'].map((key) => seen.answer(key))).toEqual([
      { code: 3, output: 'said' },
      { code: 3, output: 'said' },
      { code: 0, output: 'here' },
    ]);
  });

  it('tells files from what is in their place', async () => {
    const host = rootedHost(shell);
    host.write('/etc/target', 'x');
    mkdirSync(host.at('/etc/folder'), { mode: 0o750 });
    symlinkSync(host.at('/etc/target'), host.at('/etc/link'));
    symlinkSync('nowhere', host.at('/etc/dangling'));
    symlinkSync('folder', host.at('/etc/link-to-folder'));
    for (const read of ['content', 'digest', 'secret'] as const) {
      const paths = ['missing', 'no/such/folder', 'folder', 'link', 'dangling', 'link-to-folder'].map(
        (name) => `/etc/${name}`,
      );
      const seen = await look(
        host.session(),
        paths.map((path) => file(path, read)),
      );
      expect(paths.map((path) => seen.file(path)?.type)).toEqual([
        'absent',
        'absent',
        'directory',
        'link',
        'link',
        'link',
      ]);
      expect(seen.file('/etc/folder')).toEqual({
        type: 'directory',
        mode: '0750',
        owner: 'root',
        group: 'root',
      });
      expect(seen.file('/etc/dangling')).toEqual({ type: 'link', target: 'nowhere' });
      expect(seen.file('/etc/not-asked')).toBeUndefined();
    }
  });

  it.each(['0644', '0600', '0755', '4755', '0000', '1777'])('reads mode %s', async (mode) => {
    const host = rootedHost(shell);
    host.write('/etc/file', 'x', Number.parseInt(mode, 8));
    const seen = await look(host.session(), [file('/etc/file', 'digest')]);
    expect(seen.file('/etc/file')).toMatchObject({ type: 'file', mode });
  });

  it('reads any number of files in one go', async () => {
    const host = rootedHost(shell);
    const paths = Array.from({ length: 300 }, (_, index) => `/etc/many/file-${index}.conf`);
    for (const [index, path] of paths.entries())
      if (index % 7 !== 3) host.write(path, `content ${index}\n`.repeat(index % 5));
    const session = host.session();
    const reads: FileRead[] = ['content', 'digest', 'secret'];
    const seen = await look(
      session,
      paths.map((path, index) => file(path, reads[index % 3])),
    );
    expect(session.stats.execs).toBe(1);
    for (const [index, path] of paths.entries()) {
      const text = `content ${index}\n`.repeat(index % 5);
      const state = seen.file(path) as Extract<FileState, { type: 'file' }>;
      if (index % 7 === 3) expect(state).toEqual({ type: 'absent' });
      else {
        expect(state.sha256, path).toBe(index % 3 === 2 ? saltedDigest(seen.nonce, text) : sha256(text));
        expect(state.content?.toString(), path).toBe(index % 3 === 0 ? text : undefined);
      }
    }
  });

  it('lets no secret out, nor a digest that could be compared', async () => {
    const host = rootedHost(shell);
    host.write('/etc/key', 'top secret\n', 0o600);
    const nonce = 'ab'.repeat(16);
    const { stdout } = await runScript(host.session(), {
      script: probeScript([file('/etc/key', 'secret')], nonce, '192.0.2.11'),
    });
    expect(stdout.toString()).not.toContain('top secret');
    expect(stdout.toString()).not.toContain(sha256('top secret\n'));
    expect(stdout.toString()).toContain(saltedDigest(nonce, 'top secret\n'));
  });

  describe('the digest cache', () => {
    const CACHE = '/var/lib/k8s-bootstrap/digests';
    const KEY = '%d:%i:%s:%.9Y:%.9Z';

    async function remembered(
      text: string,
      change: (path: string) => void = () => undefined,
      noted: (line: string) => string = (line) => line,
    ): Promise<unknown> {
      const host = rootedHost(shell);
      host.write('/usr/local/bin/big', text);
      const key = (await runScript(host.session(), { script: `stat -c '${KEY}' /usr/local/bin/big` })).stdout
        .toString()
        .trim();
      // As a step of this host would have written it: its paths begin otherwise.
      host.write(
        CACHE,
        `1:2:3:4:5 ${'0'.repeat(64)} /usr/local/bin/other\n${noted(`${key} ${'f'.repeat(64)} @usr/local/bin/big`)}\n`,
      );
      change(host.at('/usr/local/bin/big'));
      const state = (await look(host.session(), [file('/usr/local/bin/big', 'digest')])).file(
        '/usr/local/bin/big',
      );
      return state?.type === 'file' ? state.sha256 : state?.type;
    }

    it('spares reading a file that is as it was', async () => {
      expect(await remembered('a program')).toBe('f'.repeat(64));
    });

    it('outlives a boot that gives the file system another number', async () => {
      const another = (line: string): string => line.replace(/^\d+:/, '999999:');
      expect(await remembered('a program', undefined, another)).toBe('f'.repeat(64));
    });

    it('is not believed of a file by another name', async () => {
      const another = (line: string): string => line.replace('/big', '/small');
      expect(await remembered('a program', undefined, another)).toBe(sha256('a program'));
    });

    it('is not believed when the file was written again, or is another', async () => {
      const write = (path: string): void => {
        writeFileSync(path, 'a program'.toUpperCase());
      };
      expect(await remembered('a program', write)).toBe(sha256('A PROGRAM'));
      const replace = (path: string): void => {
        rmSync(path);
        write(path);
      };
      expect(await remembered('a program', replace)).toBe(sha256('A PROGRAM'));
    });

    it('is not needed', async () => {
      const host = rootedHost(shell);
      host.write('/usr/local/bin/big', 'a program');
      expect(
        (await look(host.session(), [file('/usr/local/bin/big', 'digest')])).file('/usr/local/bin/big'),
      ).toMatchObject({
        sha256: sha256('a program'),
      });
    });
  });

  it('asks questions, quick and slow, each with its own code and words', async () => {
    const host = rootedHost(shell);
    const watches = [
      answer('ok', 'echo yes'),
      answer('fails', 'echo out; echo err >&2; (exit 3)'),
      answer('silent', ':'),
      answer('reads stdin', 'cat; echo read'),
      answer('unended', 'printf x'),
      answer('blank lines', "printf '\\n\\n a \\n\\nb\\n\\n'"),
      answer('quotes', `echo "it's \\"$HOME\\"" | sed 's/.*it/it/; s/ .*//'`),
      answer('bytes', "printf '\\377\\n'"),
      answer('no such command', 'no_such_command_here'),
      answer('slow ok', 'echo slowly', true),
      answer('slow fails', 'echo out; echo err >&2; (exit 4)', true),
      answer('slow quotes', `printf '%s' "it's"`, true),
      ...Array.from({ length: 12 }, (_, index) => answer(`n${index}`, `echo ${index}`, index % 2 === 0)),
    ];
    const seen = await look(host.session(), watches);
    const said = (key: string): unknown => Object.values(seen.answer(key) ?? {});
    expect(said('ok')).toEqual([0, 'yes']);
    expect(said('fails')).toEqual([3, 'out\nerr']);
    expect(said('silent')).toEqual([0, '']);
    expect(said('reads stdin')).toEqual([0, 'read']);
    expect(said('unended')).toEqual([0, 'x']);
    expect(said('blank lines')).toEqual([0, 'a \n\nb']);
    expect(said('quotes')).toEqual([0, "it's"]);
    expect(said('bytes')).toEqual([0, '\ufffd']);
    expect(seen.answer('no such command')).toMatchObject({
      code: 127,
      output: expect.stringMatching(/not found/) as string,
    });
    expect(said('slow ok')).toEqual([0, 'slowly']);
    expect(said('slow fails')).toEqual([4, 'out\nerr']);
    expect(said('slow quotes')).toEqual([0, "it's"]);
    for (let index = 0; index < 12; index += 1) expect(said(`n${index}`)).toEqual([0, String(index)]);
    expect(seen.answer('never asked')).toBeUndefined();
    expect(host.list('/run'), 'nothing stays in /run').toEqual([]);
  });

  it('keeps what the others say when one runs into its limit', async () => {
    const host = rootedHost(shell);
    host.setState('hurry', '40'); // 20 s are 500 ms
    const watches = [
      answer('hangs', 'echo begun; timeout 20 sleep 300', true),
      answer('other', 'echo here', true),
      answer('quick', 'echo q'),
    ];
    const seen = await look(host.session(), watches);
    expect(seen.answer('hangs')).toEqual({ code: 124, output: 'begun' });
    expect(seen.answer('other')).toEqual({ code: 0, output: 'here' });
    expect(seen.answer('quick')).toEqual({ code: 0, output: 'q' });
  });

  it('needs no question at all', async () => {
    const host = rootedHost(shell);
    const seen = await look(host.session(), []);
    expect(seen.file('/etc/x')).toBeUndefined();
  });

  it('changes nothing on the host', async () => {
    const host = rootedHost(shell);
    host.write('/etc/file', 'x');
    const before = host.list('/');
    await look(host.session(), [
      file('/etc/file'),
      file('/etc/other', 'secret'),
      { kind: 'package', key: 'docker' },
      { kind: 'sysctl', key: 'vm.x' },
      { kind: 'module', key: 'x' },
      { kind: 'object', key: '/healthz' },
      answer('slow', 'echo', true),
    ]);
    expect(host.list('/').filter((path) => !path.startsWith('state/'))).toEqual(
      before.filter((path) => !path.startsWith('state/')),
    );
  });
});
