import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ShellReader } from '../../support/shell-flow/lexer.ts';
import { flowOf } from '../../support/shell-flow/program.ts';
import { sinksOf } from '../../support/shell-flow/sinks.ts';
import { type Finding, trace } from '../../support/shell-flow/trace.ts';

interface Places {
  readonly places: readonly string[];
  readonly quoting: readonly string[];
  readonly allowed: readonly { readonly file: string; readonly text: string; readonly why: string }[];
}

const root = resolve(import.meta.dirname, '../../..');
const inRoot = (path: string): string => (path.includes('/') ? join(root, path) : path);
const { places, quoting, allowed } = load(
  readFileSync(join(root, 'test/cases/shell-places.yaml'), 'utf8'),
) as Places;
const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile.bind(ts.sys)).config,
  ts.sys,
  root,
);
const tell = ({ file, line, text, why, way }: Finding): string =>
  [`${file}:${line}: ${text}: ${why}`, ...way].join('\n  ').replaceAll(`${root}/`, '');

it('brings no value to a shell but through quote or sh', { timeout: 300_000 }, () => {
  const names = config.fileNames.filter((name) => name.startsWith(join(root, 'src/')));
  const flow = flowOf(names, config.options);
  const sinks = sinksOf(flow, places.map(inRoot));
  for (const [place, found] of sinks) expect(found, place).not.toEqual([]);
  const findings = trace(flow, [...sinks.values()].flat(), quoting.map(inRoot));
  const isAllowed = (one: Finding): boolean =>
    allowed.some(({ file, text }) => inRoot(file) === one.file && text === one.text);
  expect(findings.filter((one) => !isAllowed(one)).map(tell)).toEqual([]);
  // A row that nothing needs any more would let the next one through.
  const idle = allowed.filter(
    ({ file, text }) => !findings.some((one) => one.file === inRoot(file) && one.text === text),
  );
  expect(idle).toEqual([]);
});

/** Each is a way around; the text between « and » is what has to be found. */
const around = `
import { quote, sh } from '${root}/src/kernel/quote.ts';
import type { Step } from '${root}/src/resources/step.ts';
declare const host: { readonly name: string; readonly port: number; readonly rows: readonly string[] };
declare const untold: (text: string) => string;
const give = (script: string): Step => ({ op: 'run', title: '', script });
const raw = String.raw;
const fields = { safe: '/etc/x', unsafe: «host.name» };
const join = (words: readonly string[]): string => words.map((word) => \`-x \${word}\`).join(' ');
const lines = (made: string): string => ['set -e', made].join('\\n');
export const steps: readonly Step[] = [
  give(\`echo \${«host.name»}\`),
  give(\`kill \${«host.port»}\`),
  give('echo ' + «host.name»),
  give(raw\`echo \${host.name}\`),
  give(join(«host.rows»)),
  give(lines(\`echo \${«host.name»}\`)),
  give(\`echo "\${«quote(host.name)»}"\`),
  give(sh\`sed 's/\${«host.name»}//'\`),
  give(\`bash -c \${quote(\`echo \${«host.name»}\`)}\`),
  give(«untold('x')»),
  give(fields.unsafe),
  give(quote(host.name).trim() || «String(host.port)»),
  { op: 'run', title: '', script: host.port === 1 ? 'true' : «host.name» },
];
for (const row of «host.rows») give(\`rm \${row}\`);
export const good: readonly Step[] = [
  give(sh\`echo \${host.name} \${host.port} \${host.rows}\`),
  give(\`echo \${quote(host.name)} "\${fields.safe}"\`),
  give(lines(host.rows.map(quote).join(' '))),
  give(\`echo "$(cat \${quote(host.name)})" # it's "\${'x'}\`),
  give(\`bash -c \${quote('exec "$0"')} \${quote(host.name)}\`),
];
`;

it('finds each way around', { timeout: 300_000 }, () => {
  const name = join(root, 'src/way-around.ts');
  const host = ts.createCompilerHost(config.options);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  const text = around.replaceAll(/[«»]/g, '');
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === name
      ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
      : getSourceFile(path, ...rest);
  const flow = flowOf(
    [name, join(root, 'src/resources/step.ts'), join(root, 'src/kernel/quote.ts')],
    config.options,
    host,
  );
  const sinks = [...sinksOf(flow, places.map(inRoot)).values()].flat();
  const found = trace(flow, sinks, quoting.map(inRoot)).map(({ line, text: what }) => `${line}: ${what}`);
  const wanted = around
    .split('\n')
    .flatMap((line, index) => [...line.matchAll(/«(.*?)»/g)].map(([, what]) => `${index + 1}: ${what}`));
  const tag = around.split('\n').findIndex((line) => line.includes('give(raw`')) + 1;
  expect(found.toSorted()).toEqual([...wanted, `${tag}: raw\`echo \${host.name}\``].toSorted());
});

describe('the place in shell text', () => {
  it.each([
    ['echo ', 'plain'],
    ["echo '", 'single'],
    ['echo "', 'double'],
    ['echo "a" \'b\' ', 'plain'],
    ['echo "$(cat ', 'plain'],
    ['echo "$(cat x) ', 'double'],
    [`echo \\" \\' `, 'plain'],
    ['echo "\\" ', 'double'],
    ['true # it is "', 'comment'],
    ["true # it's\necho ", 'plain'],
    ["x=${y#'a'} ", 'plain'],
  ])('%j ends in %s', (text, place) => {
    const reader = new ShellReader();
    reader.read(text);
    expect(reader.place).toBe(place);
  });
});
