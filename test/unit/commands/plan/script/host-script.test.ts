import { describe, expect, it } from 'vitest';
import { HostFiles } from '../../../../../src/commands/plan/script/files.ts';
import { workScript } from '../../../../../src/commands/plan/script/host-script.ts';
import { withoutWebUsers } from '../../../../../src/kernel/web-users.ts';
import type { Observed } from '../../../../../src/probe/observe.ts';
import { bytes } from '../../../../../src/resources/content.ts';
import type { Step } from '../../../../../src/resources/step.ts';
import { textOf } from './made.ts';

const attributes = { mode: '0755', owner: 'root', group: 'root' };
const environment = (url: string): Step => ({
  op: 'packages',
  manager: 'yum',
  names: ['docker'],
  environment: [['http_proxy', url]],
});
const fetched = (...urls: string[]): Step => ({
  op: 'fetch',
  path: '/usr/local/bin/kubelet',
  urls,
  sha256: 'a'.repeat(64),
  member: undefined,
  attributes,
});
const written = (text: string): Step => ({ op: 'write', path: '/etc/a', content: bytes(text), attributes });

/** The script of one step, and the files that it reads. */
async function scriptOf(step: Step, summary = 'it'): Promise<{ script: string; files: HostFiles }> {
  const files = new HostFiles(withoutWebUsers);
  const change = { kind: 'create', summary } as const;
  const resource = {
    id: 'one:a',
    title: 'one',
    watches: [],
    diff: () => change,
    steps: () => [step],
  };
  const of = { host: 'm1', ip: '192.0.2.11', name: '01-a.sh', title: 'all' };
  const phases = [{ phase: 'a', title: 'all', due: [{ resource, change }] }];
  const script = await workScript(of, { host: 'm1', phases }, {} as Observed, files);
  return { script, files };
}

describe('a script of a host', () => {
  it.each([
    ['the proxy of packages', environment('http://op:hunter2@192.0.2.1:3128')],
    ['a proxy with a token alone', environment('http://hunter2@192.0.2.1:3128')],
    ['a password with what an address may not have', environment(`http://op:it's/"hunter2"@192.0.2.1:3128`)],
    ['the second place of a download', fetched('https://dl.example/kubelet', 'https://op:hunter2@m/kubelet')],
    ['a command', { op: 'run', title: 'get it', script: 'curl https://op:hunter2@m/a' }],
    ['what it writes', written('mirror=https://op:hunter2@m/\n')],
  ] satisfies [string, Step][])('has nothing in it of who is let in by %s', async (_, step) => {
    const { script, files } = await scriptOf(step);
    expect(script).not.toContain('hunter2');
    const read = [...files.entries].filter(([path]) => path.startsWith('secrets/'));
    expect(read).toHaveLength(1);
    for (const [path, entry] of read) {
      expect(script).toContain(`"$here"/${path}`);
      expect(entry).toMatchObject({ mode: 0o600 });
      expect(textOf(entry)).toContain('hunter2');
    }
  });

  it('has nothing of it in what it says, either', async () => {
    const title = 'get https://op:hunter2@m/a';
    const { script, files } = await scriptOf({ op: 'run', title, script: 'true' }, 'https://op:hunter2@m/a');
    expect(script).not.toContain('hunter2');
    expect(script).toContain("doing 'get https://***@m/a'");
    expect(files.entries.size).toBe(0);
  });

  it('shows an address that lets nobody in', async () => {
    const json = '{"server":"https://192.0.2.11:6443","user":"admin@example"}';
    for (const step of [fetched('https://dl.example/kubelet'), written(json), environment('http://p:3128')]) {
      const { files } = await scriptOf(step);
      expect([...files.entries.keys()].filter((path) => path.startsWith('secrets/'))).toEqual([]);
    }
  });
});
