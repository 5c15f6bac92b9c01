// How a host prints what it is asked: all that this bench knows of the form of a probe's answer. What it gets wrong is
// found before anything is measured, because the program itself reads each answer back.
import { Buffer } from 'node:buffer';
import { group } from '../../src/probe/probe.ts';
import { sysctlPath } from '../../src/probe/probers/sysctls.ts';
import { sha256 } from '../../src/resources/content.ts';

/** Stands where the host's clock has to be put in. */
export const CLOCK = '1000000000.000000000';

/** Device, inode, size and times, as long as a real one. */
const STAMP = '2049:131077:1220:1700000000.000000000:1700000000.000000000';

/**
 * The answer of a host to these questions.
 * @param host what there is, see `state.mjs`
 * @returns its bytes, and the salted digests in them by the digest that was salted
 */
export function answerOf(watches, host, nonce) {
  const asked = group(watches);
  const salted = new Map();
  const salt = (digest) => {
    salted.set(digest, sha256(nonce + digest));
    return salted.get(digest);
  };
  const quick = asked.answer.filter(({ slow }) => !slow);
  const slow = asked.answer.filter((watch) => watch.slow);
  const numbered = (name, list) => list.map(({ key }, index) => [`${name}.${index}`, said(host.answer(key))]);
  const frames = [
    ['units', unitBlocks(asked.unit, host)],
    ['files', fileLines(asked, host, salt)],
    ['packages', lines(asked.package, ({ key }) => `have ${key} ${host.package(key)}`)],
    ['sysctls', lines(asked.sysctl, ({ key }) => `${sysctlPath(key)}:${host.sysctl(key)}`)],
    ['modules', lines(asked.module, ({ key }) => `loaded ${key}`)],
    ...numbered('quick', quick),
    ...numbered('slow', slow),
    ['endpoints', replies(asked.endpoint, () => ({ status: 200, text: 'ok' }), nonce)],
    ['objects', replies(asked.object, ({ key }) => host.object(key), nonce)],
  ].filter(([, content]) => content.length > 0);
  const bytes = Buffer.concat([
    ...frames.flatMap(([name, content]) => [Buffer.from(`\n${nonce} begin ${name}\n`), Buffer.from(content)]),
    Buffer.from(`\n${nonce} complete\n`),
  ]);
  return { bytes, salted };
}

/** The nonce of a script that asks; `undefined` when it is none. */
export const nonceOf = (script) => /^N='?([0-9a-f]{32})'?$/m.exec(script)?.[1];

const lines = (watches, line) => watches.map((watch) => `${line(watch)}\n`).join('');

const said = ({ code, output }) => `${output}\ncode ${code}`;

const replies = (watches, reply, nonce) =>
  watches
    .map(reply)
    .map(({ status, text }) => `${text}\n${nonce} status ${status}\n`)
    .join('');

const pidOf = (index) => 1000 + index;

/** All run what is on disk, but those that are not there. */
function unitBlocks(watches, host) {
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

const inputLines = (inputs, host) =>
  inputs
    .map((path) => ({ path, file: host.file(path) }))
    .filter(({ file }) => file?.type === 'file')
    .map(({ path, file }) => `${file.sha256}  ${path}\n`)
    .join('');

function fileLines(asked, host, salt) {
  const present = asked.file.flatMap(({ key, read }) => {
    const file = host.file(key);
    return file === undefined ? [] : [{ path: key, read, ...file }];
  });
  const files = present.filter(({ type }) => type === 'file');
  const stat = ({ path, type, mode, owner, group: its, size = 4096 }) =>
    `stat ${mode.replace(/^0/, '')} ${owner} ${its} ${size} ${STAMP} ${type === 'file' ? 'regular file' : 'directory'}|${path}|'${path}'`;
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
    ...present.map(stat),
    ...running,
    ...files.filter(({ read }) => read !== 'secret').map(({ path, sha256: sum }) => `sum ${path}|${sum}`),
    ...secrets.map(({ path }, index) => `secret ${path}|${begin}.s.${index + 1}`),
    ...asked.unit.flatMap(({ inputs }, index) =>
      inputs.length === 0 ? [] : [`${sha256(inputLines(inputs, host))}  ${begin}.r.${index}`],
    ),
    ...secrets.map(({ sha256: sum }, index) => `${salt(sum)}  ${begin}.s.${index + 1}`),
  ].map((line) => `${line}\n`);
  const tail =
    contents.length === 0
      ? []
      : [
          Buffer.from(`contents ${contents.map(({ path }) => path).join(' ')}\n`),
          ...contents.map(({ content }) => content),
        ];
  return Buffer.concat([Buffer.from(head.join('')), ...tail]);
}
