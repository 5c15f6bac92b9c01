import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { chapters } from '../../e2e/support/course/chapters.ts';
import { looksLike, stepsOf } from '../../e2e/support/course/walkthrough.ts';

const COURSE = fileURLToPath(new URL('../../../docs/examples/course/', import.meta.url));
const pageOf = (folder: string): string => readFileSync(join(COURSE, folder, 'README.md'), 'utf8');

describe('a page of the course', () => {
  const page = [
    'Text.',
    '```console',
    '$ kubectl get pods',
    'NAME',
    'web-…',
    '[root@w1 ~]# cat /etc/hosts \\',
    '  | sort',
    '```',
    '```sh',
    '$ not this',
    '```',
    '```console',
    '$ true',
    '```',
  ].join('\n');

  it('is read as commands, where each is typed, and what it shows', () => {
    expect(stepsOf(page)).toEqual([
      { on: 'controller', command: 'kubectl get pods', shown: ['NAME', 'web-…'] },
      { on: { host: 'w1' }, command: 'cat /etc/hosts   | sort', shown: [] },
      { on: 'controller', command: 'true', shown: [] },
    ]);
  });

  it.each([
    ['a\nb\n', ['a', 'b'], true],
    ['a\nb\nc\n', ['a', 'b'], false],
    ['a\n', ['a', 'b'], false],
    ['NAME   AGE\nx      1s\n', ['NAME AGE', 'x …'], true],
    ['a\nx\ny\nb\n', ['a', '…', 'b'], true],
    ['a\nb\n', ['a', '…', 'b'], true],
    ['x\na\n', ['a'], false],
    ['a.b\n', ['a.b'], true],
    ['aXb\n', ['a.b'], false],
    ['', ['…'], true],
  ])('%j looks like %j: %s', (answer, shown, same) => {
    expect(looksLike(answer, shown)).toBe(same);
  });
});

describe('the course', () => {
  it('has every exercise in a chapter that the suite types somewhere', () => {
    const numbers = new Set(chapters.flatMap(({ exercises }) => exercises));
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
  });

  it('has a folder for each row, and a row for each folder, told in its first page', () => {
    const folders = readdirSync(COURSE, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(chapters.map(({ folder }) => folder).sort()).toEqual(folders.sort());
    for (const folder of folders) expect(pageOf('.')).toContain(`(${folder}/README.md)`);
  });

  it.each(chapters.map(({ folder }) => folder))('%s is told in both languages', (folder) => {
    const prose = pageOf(folder).replaceAll(/^```.*?^```$/gms, '');
    const paragraphs = prose.split('\n\n').filter((text) => /^[A-Z`][^#]*[a-z]{3}/.test(text.trim()));
    for (const text of paragraphs) {
      expect(text, text).toMatch(/\p{Script=Han}/u);
      expect(text.trim().split('\n'), text).toHaveLength(2);
    }
  });

  it.each(chapters.map(({ folder }) => folder))(
    '%s names files that are there, and all of them',
    (folder) => {
      const text = pageOf(folder);
      const files = readdirSync(join(COURSE, folder)).filter((name) => /\.(?:yaml|json)$/.test(name));
      for (const name of files) {
        expect(text, name).toContain(name);
        const documents = loadAll(readFileSync(join(COURSE, folder, name), 'utf8'));
        for (const one of documents)
          expect(Object.keys(one as object), name).toEqual(expect.arrayContaining(['kind', 'metadata']));
      }
      const commands = stepsOf(text).flatMap(({ command }) => [
        ...command.matchAll(/(?:-f |@)([\w-]+\.\w+)/g),
      ]);
      for (const [, name = ''] of commands) expect(existsSync(join(COURSE, folder, name)), name).toBe(true);
    },
  );
});
