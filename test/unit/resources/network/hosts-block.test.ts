import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hostsBlock } from '../../../../src/resources/network/hosts-block.ts';
import { observed } from '../../../support/observed.ts';

const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const FOREIGN = '127.0.0.1 localhost\n# mine: $(id) `id` é\n192.0.2.9 old # BEGIN k8s-bootstrap\n';
const ours = (...lines: string[]): string =>
  `# BEGIN k8s-bootstrap: os.hosts of the inventory\n${lines.map((line) => `${line}\n`).join('')}# END k8s-bootstrap\n`;
const NAMES = new Map([
  ['m1', '192.0.2.11'],
  ['w1', '192.0.2.12'],
]);
const seeing = (content: string): ReturnType<typeof observed> =>
  observed({ files: { '/etc/hosts': { content } } });

/** What is in the file after the steps of a change. */
async function after(text: string, names: ReadonlyMap<string, string>): Promise<string> {
  const resource = hostsBlock(names);
  const seen = seeing(text);
  const [step] = await resource.steps(resource.diff(seen, new Map()), seen);
  const file = join(folder, 'hosts');
  writeFileSync(file, text);
  const script = step?.op === 'run' ? step.script : '';
  const there = script
    .replaceAll(/(?<!originals)\/etc\/hosts/g, file)
    .replaceAll('/var/lib/k8s-bootstrap', folder);
  execFileSync('sh', ['-ec', `edited() { :; }\nput() { mv -fT -- "$1" "$2"; }\n${there}`]);
  const found = readFileSync(file, 'utf8');
  rmSync(file);
  return found;
}

it.each([
  ['no block and none wanted', FOREIGN, new Map(), 'none'],
  ['no block yet', FOREIGN, NAMES, 'create'],
  ['the same', FOREIGN + ours('192.0.2.11 m1', '192.0.2.12 w1'), NAMES, 'none'],
  ['another address', FOREIGN + ours('192.0.2.99 m1'), NAMES, 'update'],
  ['two blocks', ours('192.0.2.11 m1', '192.0.2.12 w1') + ours('192.0.2.11 m1'), NAMES, 'update'],
  ['none wanted any more', ours('192.0.2.11 m1') + FOREIGN, new Map(), 'delete'],
])('names in /etc/hosts: %s', async (_when, text, names, kind) => {
  expect(hostsBlock(names).diff(seeing(text), new Map()).kind).toBe(kind);
  const now = await after(text, names);
  expect(hostsBlock(names).diff(seeing(now), new Map()).kind).toBe('none');
  if (text.includes(FOREIGN)) expect(now.startsWith(FOREIGN)).toBe(true);
  if (names.size === 0) expect(now).not.toContain('k8s-bootstrap:');
});

it('a file that ends without a line break keeps its last line', async () => {
  expect(await after('127.0.0.1 localhost', NAMES)).toBe(
    `127.0.0.1 localhost\n${ours('192.0.2.11 m1', '192.0.2.12 w1')}`,
  );
});
