import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytes, sha256 } from '../../src/resources/content.ts';
import { manifestOf, manifestWatch } from '../../src/resources/manifest.ts';
import type { Attributes, Step } from '../../src/resources/step.ts';
import { look, runSteps } from '../support/probing.ts';
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
const manifest = async (host: RootedHost): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...manifestOf(await look(host.session(), [manifestWatch])).values()].map(({ path, written, phase }) => [
      path,
      `${written} ${phase}`,
    ]),
  );

describe.each(shells)('what is left of steps, with $name as sh', (shell) => {
  it.runIf(process.getuid?.() === 0)(
    'writes in no folder of somebody else, who could put a link there',
    async () => {
      const host = rootedHost(shell);
      host.write('/etc/theirs/file', 'old');
      chownSync(host.at('/etc/theirs'), 12345, 12345);
      const attributes: Step = { op: 'attributes', path: '/etc/theirs/file', attributes: ROOT };
      const link: Step = { op: 'link', path: '/etc/theirs/link', target: 'file' };
      for (const step of [write('/etc/theirs/file', 'new'), attributes, link]) {
        const result = await runSteps(host.session(), [step]);
        expect(result.marks).toEqual(['begin 0', 'fail 0 77']);
        expect(result.stderr).toContain('/etc/theirs belongs to another than root');
      }
      expect([host.read('/etc/theirs/file'), host.read('/etc/theirs/link')]).toEqual(['old', undefined]);
      expect(await manifest(host)).toEqual({});
    },
  );

  describe('the manifest', () => {
    const STATE = '/var/lib/k8s-bootstrap';

    it('names what was written, by which phase, once', async () => {
      const host = rootedHost(shell);
      await runSteps(host.session(), [write('/etc/a', 'one'), write('/etc/a.b', 'x')], { phase: 'first' });
      await runSteps(
        host.session(),
        [
          write('/etc/a', 'two'),
          { op: 'directory', path: '/etc/d', attributes: { ...ROOT, mode: '0755' } },
          { op: 'link', path: '/etc/l', target: 'a' },
        ],
        { phase: 'second' },
      );
      expect(await manifest(host)).toEqual({
        '/etc/a': `${sha256('two')} second`,
        '/etc/a.b': `${sha256('x')} first`,
        '/etc/d': 'directory second',
        '/etc/l': 'link second',
      });
      await runSteps(host.session(), [{ op: 'remove', path: '/etc/a' }]);
      expect(Object.keys(await manifest(host)).sort()).toEqual(['/etc/a.b', '/etc/d', '/etc/l']);
      expect(host.modeOf(`${STATE}/manifest`)).toBe('0600');
    });

    it('keeps the original of what was there before, with its rights, and only that', async () => {
      const host = rootedHost(shell);
      host.write('/etc/docker/daemon.json', 'theirs', 0o640);
      await runSteps(host.session(), [write('/etc/docker/daemon.json', 'ours 1'), write('/etc/new', 'ours')]);
      await runSteps(host.session(), [write('/etc/docker/daemon.json', 'ours 2')]);
      expect(host.read(`${STATE}/originals/etc/docker/daemon.json`)).toBe('theirs');
      expect(host.modeOf(`${STATE}/originals/etc/docker/daemon.json`)).toBe('0640');
      expect(host.read(`${STATE}/originals/etc/new`)).toBeUndefined();
    });

    it.each(['empty', 'not to be read'])(
      'is not written anew when it is %s, and nothing else is',
      async (lost) => {
        const host = rootedHost(shell);
        await runSteps(host.session(), [write('/etc/a', 'ours')]);
        rmSync(host.at(`${STATE}/manifest`));
        if (lost === 'empty') host.write(`${STATE}/manifest`, '');
        else mkdirSync(host.at(`${STATE}/manifest`));
        const result = await runSteps(host.session(), [write('/etc/a', 'ours anew')]);
        expect(result.marks).toEqual(['begin 0', 'fail 0 78']);
        expect(host.read('/etc/a')).toBe('ours');
        expect(host.list('/').filter((path) => path.includes('originals/'))).toEqual([]);
      },
    );

    it('is on the disk by name before the file is renamed, which is on it before and after', async () => {
      const host = rootedHost(shell);
      host.write('/etc/a', 'theirs');
      await runSteps(host.session(), [write('/etc/a', 'ours')]);
      const order = host
        .state('disk')
        .replaceAll('@', '/')
        .replaceAll(/(?<=bootstrap\.)\w{6}/g, 'X');
      expect(order.replaceAll(`${STATE}/`, '').replaceAll('//', '/').split('\n')).toEqual([
        'sync originals/etc/a.new',
        'rename originals/etc/a',
        'sync originals/etc/a',
        'sync manifest.new',
        'rename manifest',
        'sync manifest',
        'sync /etc/.k8s-bootstrap.X/new',
        'rename /etc/a',
        'sync /etc/a',
      ]);
    });

    it('keeps the original of what a removal takes away', async () => {
      const host = rootedHost(shell);
      host.write('/etc/theirs', 'precious');
      await runSteps(host.session(), [{ op: 'remove', path: '/etc/theirs' }]);
      expect(host.read('/etc/theirs')).toBeUndefined();
      expect(host.read(`${STATE}/originals/etc/theirs`)).toBe('precious');
    });
  });

  describe('prune', () => {
    const prune = (path: string): Step => ({ op: 'prune', path });

    it('removes what is as it was written, and puts originals back', async () => {
      const host = rootedHost(shell);
      host.write('/etc/theirs', 'before us', 0o640);
      await runSteps(host.session(), [
        write('/etc/theirs', 'ours'),
        write('/etc/app/ours', 'ours'),
        { op: 'directory', path: '/etc/app', attributes: { ...ROOT, mode: '0755' } },
        { op: 'link', path: '/etc/link', target: 'x' },
      ]);
      const result = await runSteps(
        host.session(),
        ['/etc/theirs', '/etc/link', '/etc/app/ours', '/etc/app'].map(prune),
      );
      expect(result.marks.at(-1)).toBe('ok 3');
      expect([host.read('/etc/theirs'), host.modeOf('/etc/theirs')]).toEqual(['before us', '0640']);
      expect(host.list('/etc').filter((path) => path.startsWith('app') || path === 'link')).toEqual([]);
      expect(await manifest(host)).toEqual({});
    });

    it('leaves alone what somebody has changed since, and goes on naming it', async () => {
      const host = rootedHost(shell);
      await runSteps(host.session(), [
        write('/etc/app/ours', 'ours'),
        { op: 'directory', path: '/etc/app', attributes: { ...ROOT, mode: '0755' } },
      ]);
      host.write('/etc/app/ours', 'edited by hand');
      const result = await runSteps(host.session(), ['/etc/app/ours', '/etc/app'].map(prune));
      expect(result.marks.at(-1)).toBe('ok 1');
      expect(host.read('/etc/app/ours')).toBe('edited by hand');
      expect(Object.keys(await manifest(host)).sort()).toEqual(['/etc/app', '/etc/app/ours']);
    });

    it('stops a unit whose file it takes away', async () => {
      const host = rootedHost(shell);
      host.write('/usr/local/bin/program', 'x', 0o755);
      await runSteps(host.session(), [
        write('/etc/systemd/system/a.service', '[Service]\nExecStart=/usr/local/bin/program\n'),
        { op: 'unit', verb: 'enable', unit: 'a.service' },
        { op: 'unit', verb: 'restart', unit: 'a.service', inputs: [] },
      ]);
      expect(host.state('units/a.service/active')).toBe('active');
      await runSteps(host.session(), [prune('/etc/systemd/system/a.service')]);
      expect(host.state('units/a.service/active')).toBe('');
      const seen = await look(host.session(), [{ kind: 'unit', key: 'a.service', inputs: [] }]);
      expect(seen.unit('a.service')).toMatchObject({ load: 'not-found', active: 'inactive' });
    });
  });
});
