import { sha256 } from '../../../src/resources/content.ts';
import type { Watch } from '../../../src/probe/observe.ts';
import { type Grouped, group } from '../../../src/probe/probe.ts';
import { sysctlPath } from '../../../src/probe/probers/sysctls.ts';
import type { Reply } from './api.ts';
import type { KeptFile, SimulatedHost } from './host.ts';

/** Stands where the host's clock has to be put in. */
export const CLOCK = '1000000000.000000000';

/** Device, inode, size and times, as long as a real one. */
const STAMP = '2049:131077:1220:1700000000.000000000:1700000000.000000000';

type Salt = (digest: string) => string;

/**
 * The answer of a host to these questions, as a probe prints it, and the salted digests in it by the digest that was
 * salted. All that is known here of the form of an answer; what is wrong in it is found at once, because the program
 * itself reads it back.
 */
export function answerOf(
  watches: readonly Watch[],
  host: SimulatedHost,
  nonce: string,
): { readonly bytes: Buffer; readonly salted: ReadonlyMap<string, string> } {
  const asked = group(watches);
  const salted = new Map<string, string>();
  const salt: Salt = (digest) => {
    const text = sha256(nonce + digest);
    salted.set(digest, text);
    return text;
  };
  const answers = (name: string, slow: boolean): [string, string][] =>
    asked.answer
      .filter((watch) => (watch.slow ?? false) === slow)
      .map(({ key }, index) => [`${name}.${index}`, said(host.answer(key))]);
  const frames: [string, string | Buffer][] = [
    ['units', unitBlocks(asked.unit, host)],
    ['files', fileLines(asked, host, salt)],
    ['packages', lines(asked.package, ({ key }) => `have ${key} ${host.package(key)}`)],
    ['modules', lines(asked.module, ({ key }) => `loaded ${key}`)],
    ...answers('quick', false),
    ...answers('slow', true),
    ['endpoints', replies(asked.endpoint, () => ({ status: 200, text: 'ok' }), nonce)],
    ['objects', replies(asked.object, ({ key }) => host.object(key), nonce)],
  ];
  const bytes = Buffer.concat([
    ...frames
      .filter(([, content]) => content.length > 0)
      .flatMap(([name, content]) => [Buffer.from(`\n${nonce} begin ${name}\n`), Buffer.from(content)]),
    Buffer.from(`\n${nonce} complete\n`),
  ]);
  return { bytes, salted };
}

/** The nonce of a script that asks; `undefined` when it is none. */
export const nonceOf = (script: string): string | undefined => /^N='?([0-9a-f]{32})'?$/m.exec(script)?.[1];

const lines = <T>(watches: readonly T[], line: (watch: T) => string): string =>
  watches.map((watch) => `${line(watch)}\n`).join('');

const said = ({ code, output }: { readonly code: number; readonly output: string }): string =>
  `${output}\ncode ${code}`;

const replies = <T>(watches: readonly T[], reply: (watch: T) => Reply, nonce: string): string =>
  watches
    .map(reply)
    .map(({ status, text }) => `${text}\n${nonce} status ${status}\n`)
    .join('');

const pidOf = (index: number): number => 1000 + index;

/** All run what is on disk, but those that are not there. */
function unitBlocks(watches: Grouped['unit'], host: SimulatedHost): string {
  const blocks = watches.map(({ key }, index) =>
    host.runs(key)
      ? `MainPID=${pidOf(index)}\nExecMainStartTimestamp=Mon 2024-01-01 00:00:00 UTC\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n`
      : `MainPID=0\nExecMainStartTimestamp=\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nNeedDaemonReload=no\n`,
  );
  const environments = watches.flatMap(({ key, inputs }, index) =>
    host.runs(key) && inputs.length > 0
      ? [`/proc/${pidOf(index)}/environ:K8SB_REV=${sha256(inputLines(inputs, host)).slice(0, 32)}\0`]
      : [],
  );
  return `${blocks.join('\n')}\n${environments.join('')}`;
}

const inputLines = (inputs: readonly string[], host: SimulatedHost): string =>
  inputs
    .map((path) => ({ path, file: host.file(path) }))
    .map(({ path, file }) => (file?.type === 'file' ? `${file.sha256}  ${path}\n` : ''))
    .join('');

function fileLines(asked: Grouped, host: SimulatedHost, salt: Salt): Buffer {
  const present = asked.file.flatMap(({ key, read }) => {
    const file = host.file(key);
    return file === undefined ? [] : [{ path: key, read, file }];
  });
  const files = present.flatMap(({ path, read, file }) =>
    file.type === 'file' ? [{ path, read, ...file }] : [],
  );
  const running = asked.unit.flatMap(({ key }, index) =>
    host.runs(key)
      ? [
          `stat 777 root root 0 ${STAMP} symbolic link|/proc/${pidOf(index)}/exe|'/proc/${pidOf(index)}/exe' -> '/usr/local/bin/${key.replace('.service', '')}'`,
        ]
      : [],
  );
  const secrets = files.filter(({ read }) => read === 'secret');
  const contents = files.filter(({ read }) => read === 'content');
  const begin = '/run/k8s-bootstrap.0.1';
  const head = [
    `stat 600 root root 0 0:0:0:${CLOCK}:0 regular empty file|${begin}.clock|`,
    ...present.map(({ path, file }) => statLine(path, file)),
    ...running,
    ...files.filter(({ read }) => read !== 'secret').map(({ path, sha256: sum }) => `sum ${path}|${sum}`),
    ...secrets.map(({ path }, index) => `secret ${path}|${begin}.s.${index + 1}`),
    ...asked.unit.flatMap(({ inputs }, index) =>
      inputs.length === 0 ? [] : [`${sha256(inputLines(inputs, host))}  ${begin}.r.${index}`],
    ),
    ...secrets.map(({ sha256: sum }, index) => `${salt(sum)}  ${begin}.s.${index + 1}`),
    ...asked.sysctl.map(({ key }) => `line ${sysctlPath(key)}:${host.sysctl(key) ?? '0'}`),
  ].map((line) => `${line}\n`);
  const tail =
    contents.length === 0
      ? []
      : [
          Buffer.from(`contents ${contents.map(({ path }) => path).join(' ')}\n`),
          ...contents.map(({ path, content }) => {
            if (content === undefined) throw new Error(`a simulated host keeps no contents of ${path}`);
            return content;
          }),
        ];
  return Buffer.concat([Buffer.from(head.join('')), ...tail]);
}

function statLine(path: string, file: KeptFile): string {
  if (file.type === 'link')
    return `stat 777 root root 0 ${STAMP} symbolic link|${path}|'${path}' -> '${file.target}'`;
  const { mode, owner, group: its } = file;
  const [size, type] = file.type === 'file' ? [file.size, 'regular file'] : [4096, 'directory'];
  return `stat ${mode.replace(/^0/, '')} ${owner} ${its} ${size} ${STAMP} ${type}|${path}|'${path}'`;
}
