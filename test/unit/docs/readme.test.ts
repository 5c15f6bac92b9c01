import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readInventory } from '../../../src/cluster/read-inventory.ts';
import { ExitCode } from '../../../src/kernel/errors.ts';
import { phases } from '../../../src/phases/index.ts';
import { supportedSystems } from '../../../src/release/systems.ts';
import { paths } from '../../../src/kernel/host-paths.ts';
import { run } from '../cli/support.ts';

/** What README.md promises: its commands exist, its inventory is valid, its tables are those of the program. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const page = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const README = page('README.md');
/** The same in Chinese, and the pages behind it. */
const CHINESE = page('README.zh-CN.md');
const PAGES = [README, CHINESE, ...markdown('docs/zh-CN').map(page)];

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

const fenced = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);

/** Commands of `sh` blocks, and those that a `console` block shows behind a prompt. */
const lines = PAGES.flatMap((text) => [
  ...fenced(text, 'sh').flatMap((block) => block.split('\n')),
  ...fenced(text, 'console').flatMap((block) =>
    [...block.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line),
  ),
]);
const commands = [...new Set(lines)]
  .map((line) => line.replace(/(?:^|\s+)#.*$/, '').trim())
  .filter((line) => line !== '')
  .flatMap((line) => line.split(' && '));

const folder = mkdtempSync(join(tmpdir(), 'k8sb-readme-'));
const inventory = join(folder, 'inventory.yaml');
let root: Command;

beforeAll(async () => {
  writeFileSync(inventory, fenced(README, 'yaml')[0] ?? '');
  root = await definitions();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The program's commands as commander has them, caught before anything is parsed. */
async function definitions(): Promise<Command> {
  const parse = vi.spyOn(Command.prototype, 'parseAsync').mockResolvedValue(new Command());
  await run([]);
  const [caught] = parse.mock.contexts as unknown as Command[];
  parse.mockRestore();
  if (!caught) throw new Error('program() parsed nothing');
  return caught;
}

/** What is wrong with a command line of ours; undefined if nothing. */
function misuse(words: readonly string[]): string | undefined {
  const known = new Set(['--version', '--help']);
  if (words.length === 1 && known.has(words[0] ?? '')) return undefined;
  const top = root.commands.find((one) => one.name() === words[0]);
  if (!top) return `there is no command ${words[0] ?? ''}`;
  const below = top.commands.find((one) => one.name() === words[1]);
  const command = below ?? top;
  const rest = words.slice(below ? 2 : 1).filter((word) => !known.has(word));
  const { operands, unknown } = command.parseOptions(rest);
  if (unknown.length > 0) return `${command.name()} has no option ${unknown.join(' ')}`;
  const { registeredArguments: wanted } = command;
  const required = words.includes('--help') ? 0 : wanted.filter((argument) => argument.required).length;
  const most = wanted.some((argument) => argument.variadic) ? Infinity : wanted.length;
  return operands.length < required || operands.length > most
    ? `${command.name()} does not take ${operands.length} arguments`
    : undefined;
}

/** Commands that ask no host, so that they are run for real. */
const cheap = (words: readonly string[]): boolean =>
  ['--version', 'validate', 'schema', 'phases', 'explain'].includes(words[0] ?? '') ||
  words.includes('--help');

describe('commands', () => {
  it('are there', () => {
    expect(commands.length).toBeGreaterThan(15);
  });

  it.each(commands)('%s', async (line) => {
    const [program = '', ...words] = line.split(/\s+/);
    switch (program) {
      case 'npm':
        expect(existsSync(join(ROOT, 'package-lock.json'))).toBe(true);
        if (words[0] !== 'ci')
          expect(Object.keys(scripts)).toContain(words[0] === 'run' ? words[1] : words[0]);
        return;
      case 'export':
        expect(line).toMatch(/^export (?:PATH="\$PWD\/bin:\$PATH"|KUBECONFIG=\S+)$/);
        return;
      case 'kubectl':
        expect(words[0]).toBe('get');
        return;
      default:
        expect(program).toBe('k8s-bootstrap');
    }
    expect(misuse(words)).toBeUndefined();
    for (const file of words.filter((word) => word.endsWith('.yaml') && word !== 'inventory.yaml')) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
    }
    if (!cheap(words)) return;
    const here = words.map((word) =>
      word === 'inventory.yaml' ? inventory : word.endsWith('.yaml') ? join(ROOT, word) : word,
    );
    const { code, stdout, stderr } = await run(here, { K8S_BOOTSTRAP_INVENTORY: inventory });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  });

  it('see a wrong command, option or number of arguments', () => {
    expect(misuse(['destroy'])).toBe('there is no command destroy');
    expect(misuse(['up', '--frce'])).toBe('up has no option --frce');
    expect(misuse(['logs'])).toBe('logs does not take 0 arguments');
    expect(misuse(['up', 'a.yaml', 'b.yaml'])).toBe('up does not take 2 arguments');
  });

  it('in the text are commands, and its options are options of theirs', () => {
    const spans = [...`${README}${CHINESE}`.matchAll(/`(--[a-z-]+)`/g)].map(([, option]) => option);
    const all = new Set(withCommands(root).flatMap(({ options }) => options.map(({ long }) => long)));
    expect(spans.filter((option) => !all.has(option))).toEqual([]);
  });

  it('are all in the table', () => {
    const cells = table('command').map(([cell = '']) => cell);
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)/g)].map(([, name]) => name));
    const visible = root.createHelp().visibleCommands(root);
    const there = visible.map((command) => command.name()).filter((name) => name !== 'help');
    expect([...new Set(named)].sort()).toEqual(there.sort());
    const chinese = table('命令', CHINESE).flatMap(([cell = '']) =>
      [...cell.matchAll(/`([a-z-]+)/g)].map(([, name = '']) => name),
    );
    expect(chinese.length).toBeGreaterThan(10);
    expect(chinese.filter((name) => !there.includes(name))).toEqual([]);
  });
});

/** A command and all below it. */
const withCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withCommands)];

/** Rows of the table whose first column has this heading. */
function table(heading: string, text = README): string[][] {
  const [, body = ''] =
    new RegExp(`^\\| ${heading} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'm').exec(text) ?? [];
  return body
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('tables and lists', () => {
  it('have the phases in their order', () => {
    const batch = { parallel: 'side by side', canary: 'one, then the others', rolling: 'one by one' };
    expect(table('phase')).toEqual(
      phases.map((phase) => [`\`${phase.id}\``, phase.title, batch[phase.batch]]),
    );
  });

  it('have the profiles', async () => {
    const schema = JSON.parse((await run(['schema'])).stdout) as {
      properties: { profile: { enum: string[] } };
    };
    const names = schema.properties.profile.enum.map((name) => `\`${name}\``);
    expect(table('profile').map(([name]) => name)).toEqual(names);
    expect(table('方案', CHINESE).map(([name]) => name)).toEqual(names);
  });

  it('have the exit codes', () => {
    for (const [line = ''] of [/^Exit codes: .*$/m.exec(README) ?? [], /^退出码：.*$/m.exec(CHINESE) ?? []]) {
      const codes = [...line.matchAll(/`(\d+)`/g)].map(([, code]) => Number(code));
      expect(codes).toEqual(Object.values(ExitCode).sort((a, b) => a - b));
    }
  });

  it('have the operating systems and the versions', () => {
    const [systems = ''] = /Hosts: (.*);/.exec(README) ?? [];
    const named = [...systems.matchAll(/`([a-z]+ \d+)`/g)].map(([, system]) => system);
    expect(named.sort()).toEqual(supportedSystems().sort());
    const versions = readdirSync(join(ROOT, 'release')).flatMap(
      (name) => /^(v.*)\.yaml$/.exec(name)?.[1] ?? [],
    );
    for (const version of versions) expect(README).toContain(version);
  });
});

it('has an inventory that is valid', async () => {
  const { inventory: read, warnings } = await readInventory(inventory, {}, new Set());
  expect(warnings).toEqual([]);
  expect(read.hosts.map(({ name }) => name)).toEqual(['m1', 'w1', 'w2']);
  expect(fenced(CHINESE, 'yaml')).toEqual(fenced(README, 'yaml'));
});

it('shows how to log in, by the values that count without it', async () => {
  const example = fenced(README, 'yaml')[0] ?? '';
  const line = /^ssh: .*\n/m;
  expect(example).toMatch(/^ssh: (?=.*\buser: )(?=.*\bport: )(?=.*\bkeys: )/m);
  const bare = join(folder, 'bare.yaml');
  writeFileSync(bare, example.replace(line, ''));
  const [said, unsaid] = await Promise.all(
    [inventory, bare].map(async (file) => (await readInventory(file, {}, new Set())).inventory.hosts[0]?.ssh),
  );
  expect(unsaid).toMatchObject({ user: said?.user, port: said?.port });
  expect(unsaid?.keys).toEqual(expect.arrayContaining([...(said?.keys ?? [])]));
});

describe('files', () => {
  const documents = ['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdown('docs')];

  it.each(documents)('that %s names exist', (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/^```.*?^```$/gms, '');
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) =>
      join(dirname(document), target),
    );
    const spans = [
      ...text.matchAll(
        /`((?:\.ci|bench|bin|docs|inventory|pki|release|src|templates|test|texts)\/[^`\s]*)`/g,
      ),
    ]
      .map(([, path = '']) => path)
      // A pattern or a name to be filled in: its folder has to be there.
      .map((path) => path.replace(/\/[^/]*[*{A-Z…].*$/, '/'));
    const configs = [...text.matchAll(/`(\.?[a-z][a-z0-9.-]*\.(?:cjs|json|js|ts))`/g)].map(
      ([, name = '']) => name,
    );
    const missing = [...links, ...spans, ...configs].filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  it('on hosts are written by some phase', async () => {
    const named = [...`${README}${CHINESE}`.matchAll(/`(\/(?:etc|opt|usr|var)\/[^`\s]*?)\/?`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.length).toBeGreaterThan(5);
    const fixed: readonly string[] = [...Object.values(paths), '/usr/local/bin'];
    for (const path of named.filter((one) => !fixed.includes(one))) {
      expect((await run(['explain', path, '-i', inventory])).stderr, path).toBe('');
    }
  });
});

function markdown(at: string): string[] {
  return readdirSync(join(ROOT, at), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(at, name))
    .sort();
}
