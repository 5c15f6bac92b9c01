import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytes, sha256 } from '../../src/resources/content.ts';
import { manifestOf, manifestWatch } from '../../src/resources/manifest.ts';
import type { Attributes, Content, Step } from '../../src/resources/step.ts';
import { locked, look, runSteps } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const ROOT: Attributes = { mode: '0644', owner: 'root', group: 'root' };

const write = (path: string, content: string | Uint8Array, attributes = ROOT, check?: string): Step => ({
  op: 'write',
  path,
  content: bytes(content),
  attributes,
  ...(check === undefined ? {} : { check }),
});
const run = (script: string, stdin?: Content): Step => ({
  op: 'run',
  title: 'a command',
  script,
  ...(stdin ? { stdin } : {}),
});

const manifest = async (host: RootedHost): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...manifestOf(await look(host.session(), [manifestWatch])).values()].map(({ path, written, phase }) => [
      path,
      `${written} ${phase}`,
    ]),
  );

/** What lies in a folder beside what was wanted: temporary files that were forgotten. */
const leftovers = (host: RootedHost): string[] =>
  host.list('/').filter((path) => path.includes('.k8s-bootstrap.') || path.endsWith('.new'));

describe.each(shells)('steps run by $name as sh', (shell) => {
  it('writes files with their rights and makes the folders above', async () => {
    const host = rootedHost(shell);
    host.setState('users/etcd', '995');
    const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
    const result = await runSteps(host.session(), [
      write('/etc/kubernetes/a.conf', 'text\n'),
      write('/etc/kubernetes/empty', ''),
      write('/usr/local/bin/program', binary, { ...ROOT, mode: '0755' }),
      write('/etc/etcd/pki/server.key', 'key', { mode: '0600', owner: 'etcd', group: 'etcd' }),
    ]);
    expect(result).toMatchObject({
      code: 0,
      marks: ['begin 0', 'ok 0', 'begin 1', 'ok 1', 'begin 2', 'ok 2', 'begin 3', 'ok 3'],
    });
    expect(host.read('/etc/kubernetes/a.conf')).toBe('text\n');
    expect(host.read('/etc/kubernetes/empty')).toBe('');
    expect([host.modeOf('/usr/local/bin/program'), host.modeOf('/etc/etcd/pki/server.key')]).toEqual([
      '0755',
      '0600',
    ]);
    expect([host.ownerOf('/usr/local/bin/program'), host.ownerOf('/etc/etcd/pki/server.key')]).toEqual([
      'root:root',
      'etcd:etcd',
    ]);
    const seen = await look(host.session(), [
      { kind: 'file', key: '/usr/local/bin/program', read: 'digest' },
    ]);
    expect(seen.file('/usr/local/bin/program')).toMatchObject({
      sha256: sha256(binary),
      size: binary.length,
    });
    expect(leftovers(host)).toEqual([]);
    expect(host.state('labelled').split('\n')).toContain('@usr/local/bin/program');
  });

  it('hands every step the bytes that are its own, in order', async () => {
    const host = rootedHost(shell);
    const steps: Step[] = [
      run('cat > /etc/one', bytes('first')),
      write('/etc/two', 'x'.repeat(200_000)),
      run('head -c 2 > /etc/three', bytes('takes less than it gets')),
      run('cat; read -r line || :'), // no stdin of its own: it must not eat what follows
      write('/etc/four', 'fourth'),
      run(': > /etc/five', bytes('takes nothing'.repeat(20_000))),
      write('/etc/six', 'last'),
    ];
    const result = await runSteps(host.session(), steps);
    expect(result.marks.filter((mark) => !mark.startsWith('begin'))).toEqual([
      'ok 0',
      'ok 1',
      'ok 2',
      'ok 3',
      'ok 4',
      'ok 5',
      'ok 6',
    ]);
    expect(['one', 'three', 'four', 'six'].map((name) => host.read(`/etc/${name}`))).toEqual([
      'first',
      'ta',
      'fourth',
      'last',
    ]);
    expect(host.read('/etc/two')).toHaveLength(200_000);
  });

  it('keeps the old file when bytes were changed or lost on the way', async () => {
    const host = rootedHost(shell);
    host.write('/etc/file', 'old', 0o600);
    for (const mangle of [
      (data: Buffer) => Buffer.from(data.toString().replace('new', 'nEw')),
      (data: Buffer) => data.subarray(0, -1),
      () => Buffer.alloc(0),
    ]) {
      const result = await runSteps(
        host.session(),
        [write('/etc/file', 'brand new\n'), run('touch /etc/later')],
        { mangle },
      );
      expect(result).toMatchObject({ code: 1, marks: ['begin 0', 'fail 0 65'] });
      expect(result.stderr).toMatch(
        /checksum of \/etc\/file is [0-9a-f]{64} after the transfer of \d+ bytes/,
      );
    }
    expect([host.read('/etc/file'), host.modeOf('/etc/file'), host.read('/etc/later')]).toEqual([
      'old',
      '0600',
      undefined,
    ]);
    expect(leftovers(host)).toEqual([]);
    expect(await manifest(host)).toEqual({});
  });

  it('keeps the old file when the new one does not pass its check', async () => {
    const host = rootedHost(shell);
    host.write('/etc/file', 'old');
    const check = `grep -q good "$1" || { echo "no good in it"; exit 9; }`;
    const bad = await runSteps(host.session(), [write('/etc/file', 'bad', ROOT, check)]);
    expect(bad).toMatchObject({ code: 1, marks: ['begin 0', 'fail 0 9'] });
    expect(bad.stderr).toContain('no good in it');
    expect(host.read('/etc/file')).toBe('old');
    const good = await runSteps(host.session(), [write('/etc/file', 'good', ROOT, check)]);
    expect(good.code).toBe(0);
    expect(host.read('/etc/file')).toBe('good');
    expect(leftovers(host)).toEqual([]);
  });

  it('replaces a link, not what it points at', async () => {
    const host = rootedHost(shell);
    host.write('/etc/target', 'theirs');
    symlinkSync('target', host.at('/etc/link'));
    expect((await runSteps(host.session(), [write('/etc/link', 'ours')])).code).toBe(0);
    expect([host.read('/etc/target'), host.read('/etc/link')]).toEqual(['theirs', 'ours']);
  });

  it('stops at the first failing command of a step and names the step', async () => {
    const host = rootedHost(shell);
    const result = await runSteps(host.session(), [
      run('echo fine'),
      run('echo before >&2; false; touch /etc/after-failure'),
      run('touch /etc/next-step'),
    ]);
    expect(result).toMatchObject({ code: 1, marks: ['begin 0', 'ok 0', 'begin 1', 'fail 1 1'] });
    expect(result.stderr).toBe('NONCE begin 0\nfine\nNONCE begin 1\nbefore\n');
    expect([host.read('/etc/after-failure'), host.read('/etc/next-step')]).toEqual([undefined, undefined]);
  });

  it('carries on after a step that ends its shell, and keeps codes', async () => {
    const host = rootedHost(shell);
    expect((await runSteps(host.session(), [run('exit 0'), run('exit 42'), run(':')])).marks).toEqual([
      'begin 0',
      'ok 0',
      'begin 1',
      'fail 1 42',
    ]);
    expect((await runSteps(host.session(), [run('false', bytes('x'))])).marks).toEqual([
      'begin 0',
      'fail 0 1',
    ]);
    expect((await runSteps(host.session(), [run('no_such_command')])).marks).toEqual([
      'begin 0',
      'fail 0 127',
    ]);
  });

  it('sets rights, makes folders and links, and removes', async () => {
    const host = rootedHost(shell);
    host.setState('users/etcd', '995');
    host.write('/etc/loose', 'x', 0o666);
    host.write('/etc/gone', 'x');
    const attributes = { mode: '0700', owner: 'etcd', group: 'root' };
    const steps: Step[] = [
      { op: 'attributes', path: '/etc/loose', attributes: { ...ROOT, mode: '0600' } },
      { op: 'directory', path: '/var/lib/etcd', attributes },
      { op: 'directory', path: '/var/lib/etcd', attributes },
      { op: 'link', path: '/usr/local/bin/k', target: 'kubectl' },
      { op: 'link', path: '/usr/local/bin/k', target: 'kubectl-v2' },
      { op: 'remove', path: '/etc/gone' },
      { op: 'remove', path: '/etc/never-was' },
    ];
    const result = await runSteps(host.session(), steps);
    expect(result.marks.at(-1)).toBe('ok 6');
    const seen = await look(host.session(), [
      { kind: 'file', key: '/etc/loose', read: 'digest' },
      { kind: 'file', key: '/var/lib/etcd', read: 'digest' },
      { kind: 'file', key: '/usr/local/bin/k', read: 'digest' },
      { kind: 'file', key: '/etc/gone', read: 'digest' },
    ]);
    expect(seen.file('/etc/loose')).toMatchObject({ mode: '0600' });
    expect(seen.file('/var/lib/etcd')).toEqual({ type: 'directory', ...attributes });
    expect(seen.file('/usr/local/bin/k')).toEqual({ type: 'link', target: 'kubectl-v2' });
    expect(seen.file('/etc/gone')).toEqual({ type: 'absent' });
  });

  it('fails a step that gives a file to a user who is not there', async () => {
    const host = rootedHost(shell);
    const result = await runSteps(host.session(), [write('/etc/x', 'x', { ...ROOT, owner: 'nobody-here' })]);
    expect(result.marks).toEqual(['begin 0', 'fail 0 1']);
    expect(result.stderr).toContain("invalid user: 'nobody-here:root'");
    expect(host.read('/etc/x')).toBeUndefined();
  });

  describe('files that the host fetches itself', () => {
    const PROGRAM = 'a large program'.repeat(100);
    const fetch = (urls: string[], digest = sha256(PROGRAM)): Step => ({
      op: 'fetch',
      path: '/usr/local/bin/kubelet',
      urls,
      sha256: digest,
      member: undefined,
      attributes: { ...ROOT, mode: '0755' },
    });

    it('come from the first address that has them', async () => {
      const host = rootedHost(shell);
      host.setState('mirror/kubelet', PROGRAM);
      const result = await runSteps(host.session(), [
        fetch(['https://a.example.com/missing', 'https://b.example.com/kubelet']),
      ]);
      expect(result.code).toBe(0);
      expect([host.read('/usr/local/bin/kubelet'), host.modeOf('/usr/local/bin/kubelet')]).toEqual([
        PROGRAM,
        '0755',
      ]);
      expect(leftovers(host)).toEqual([]);
    });

    it('are not installed when they are others, or nowhere', async () => {
      const host = rootedHost(shell);
      host.write('/usr/local/bin/kubelet', 'old');
      host.setState('mirror/kubelet', PROGRAM);
      expect(
        (await runSteps(host.session(), [fetch(['https://b.example.com/kubelet'], sha256('x'))])).marks,
      ).toEqual(['begin 0', 'fail 0 65']);
      expect((await runSteps(host.session(), [fetch(['https://b.example.com/kubelet2'])])).marks).toEqual([
        'begin 0',
        'fail 0 66',
      ]);
      expect(host.read('/usr/local/bin/kubelet')).toBe('old');
      expect(leftovers(host)).toEqual([]);
    });
  });

  it('remembers the digest of a large file, so that it is not read again at every look', async () => {
    const host = rootedHost(shell);
    const large = Buffer.alloc(1024 * 1024 + 1, 'k');
    await runSteps(host.session(), [
      write('/usr/local/bin/large', large, { ...ROOT, mode: '0755' }),
      write('/usr/local/bin/largest', large),
      write('/usr/local/bin/small', 'x'),
    ]);
    await runSteps(host.session(), [write('/usr/local/bin/large', large)]);
    const lines = host.read('/var/lib/k8s-bootstrap/digests')!.trim().split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, '')).sort()).toEqual([
      `${sha256(large)} /usr/local/bin/large`,
      `${sha256(large)} /usr/local/bin/largest`,
    ]);
    // A lie in the cache is repeated: the file itself was not read.
    host.write(
      '/var/lib/k8s-bootstrap/digests',
      lines.join('\n').replaceAll(sha256(large), 'f'.repeat(64)).replaceAll(' /usr', ' @usr') + '\n',
    );
    const seen = await look(host.session(), [{ kind: 'file', key: '/usr/local/bin/large', read: 'digest' }]);
    expect(seen.file('/usr/local/bin/large')).toMatchObject({ sha256: 'f'.repeat(64) });
  });

  it('waits for a step of an earlier run that is still working', async () => {
    const host = rootedHost(shell);
    mkdirSync(host.at('/var/lib/k8s-bootstrap'), { recursive: true });
    const session = host.session();
    const slow = session.exec(
      'exec 8>>@var/lib/k8s-bootstrap/busy; flock 8; touch @etc/begun; sleep 0.5; touch @etc/ended',
    );
    while (host.read('/etc/begun') === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    const result = await runSteps(host.session(), [run('[ -e /etc/ended ]')]);
    expect(result.code).toBe(0);
    await slow;
  });

  it('holds on to the host when its controller is gone in the middle of a step', async () => {
    const host = rootedHost(shell);
    const controller = new AbortController();
    const { compile } = await import('../../src/resources/compile.ts');
    const { runScript } = await import('../../src/transport/feed.ts');
    // In a session of its own, as packages are installed: the cut connection does not reach it.
    const step = run('setsid sh -c "touch @etc/begun; sleep 0.5; touch @etc/ended"');
    const { script } = compile([{ id: '0', step }], { nonce: 'n', phase: 'test', lock: 'first' });
    const cut = runScript(host.session(), {
      script: `${locked('first')}\n${script}`,
      signal: controller.signal,
    });
    while (host.read('/etc/begun') === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await expect(cut).rejects.toMatchObject({ code: 'E_ABORTED' });
    const result = await runSteps(host.session(), [run('[ -e /etc/ended ]')]);
    expect(result.code).toBe(0);
  });
});
