import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import { quote } from '../../src/kernel/quote.ts';
import { localSession } from '../../src/transport/local-session.ts';
import type { ExecOptions, Session } from '../../src/transport/session.ts';
import type { Shell } from './shells.ts';

/**
 * A host without root: scripts run in a real shell with real tools, inside a folder that stands for `/`.
 *
 * What only root could do is done by the strict, stateful stand-ins in `rooted/`; no other command is on the PATH.
 * Absolute paths in a script become relative to that folder: `/etc/hosts` is `@etc/hosts`. The rewriting keeps lengths,
 * so it is undone in all output without moving a byte, also within files that hold such paths (the manifest).
 */
export interface RootedHost {
  readonly root: string;
  /** A new connection to it; by way of one that runs commands on this machine, if given, with `login`. */
  session(way?: Session): Session;
  readonly login: { readonly shell: string; readonly env: Readonly<Record<string, string>> };
  /** Where an absolute path of the host is on this machine. */
  at(path: string): string;
  /** Puts a file there, as root with an editor would; the folders above it too. */
  write(path: string, content: string | Uint8Array, mode?: number): void;
  /** Content, with the host's own paths; `undefined` when it isn't there. */
  read(path: string): string | undefined;
  /** What the stand-ins know: `state('units/x.service/active')`. */
  state(name: string): string;
  setState(name: string, content: string): void;
  clearState(name: string): void;
  ownerOf(path: string): string;
  modeOf(path: string): string;
  /** Everything there is below a folder but folders, sorted; below `/` as this machine sees it. */
  list(folder: string): string[];
}

const TOP = 'bin|etc|home|lib|opt|proc|root|run|sbin|sys|tmp|usr|var';
const INSIDE = new RegExp(`(?<=^|[\\s"'=(:<>|,;&])/(?=(?:${TOP})(?:[^A-Za-z0-9_]|$))`, 'gm');
const OUTSIDE = new RegExp(`@(?=(?:${TOP})(?:[^A-Za-z0-9_]|$))`, 'gm');

/** Commands must be found after a `cd` as well: the PATH alone stays absolute. */
const inside = (script: string, path: string): string =>
  script.replaceAll(INSIDE, '@').replaceAll(/^PATH=@\S*$/gm, () => `PATH=${path}`);
const outside = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll(OUTSIDE, '/'), 'latin1');

/** Programs that are what they are on any host. */
const REAL =
  'awk base64 cat chmod cmp cp cut date dirname env find flock grep head ln ls mkdir mktemp printf readlink rm rmdir sed setsid sha256sum sort tail tar touch tr true uname wc'.split(
    ' ',
  );

const standIns = new URL('rooted/', import.meta.url).pathname;

/** A fresh host of the given family; gone after the test, which fails when a stand-in was asked what it does not know. */
export function rootedHost(
  shell: Shell,
  { family = 'centos', name = 'm1' }: { family?: 'centos' | 'debian'; name?: string } = {},
): RootedHost {
  const root = mkdtempSync(join(tmpdir(), 'k8sb-host-'));
  // A path within a path is rewritten as well where a script puts the two together.
  const at = (path: string): string => join(root, path.replace(/^\/|(?<=\/originals)\//g, '@'));
  const path = ['/usr/local/bin', '/usr/sbin', '/usr/bin'].map(at).join(delimiter);
  const login = {
    shell: at('/usr/bin/sh'),
    env: {
      PATH: path,
      ROOT: root,
      HOME: root,
      ENV: '',
      REAL_MV: whereIs('mv'),
      REAL_SLEEP: whereIs('sleep'),
      REAL_STAT: whereIs('stat'),
      REAL_TIMEOUT: whereIs('timeout'),
    },
  };
  const host: RootedHost = {
    root,
    at,
    login,
    session: (way = localSession({ host: name, ...login, timeoutMs: 15_000 })) => rooted(way, root, path),
    write(path, content, mode = 0o644) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), content);
      chmodSync(at(path), mode);
      appendFileSync(join(root, 'state/owners'), `${at(path).slice(root.length + 1)}\troot:root\n`);
    },
    read: (path) => (existsSync(at(path)) ? outside(readFileSync(at(path))).toString('utf8') : undefined),
    state: (file) =>
      existsSync(join(root, 'state', file)) ? readFileSync(join(root, 'state', file), 'utf8').trim() : '',
    setState(file, content) {
      mkdirSync(dirname(join(root, 'state', file)), { recursive: true });
      writeFileSync(join(root, 'state', file), content);
    },
    clearState(file) {
      rmSync(join(root, 'state', file), { force: true, recursive: true });
    },
    ownerOf(path) {
      const key = at(path).slice(root.length + 1);
      const lines = readFileSync(join(root, 'state/owners'), 'utf8').split('\n');
      return lines.findLast((line) => line.startsWith(`${key}\t`))?.split('\t')[1] ?? 'root:root';
    },
    modeOf: (path) => (lstatSync(at(path)).mode & 0o7777).toString(8).padStart(4, '0'),
    list: (folder) => {
      const place = folder === '/' ? root : at(folder);
      return readdirSync(place, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
        .sort();
    },
  };
  furnish(host, shell, family);
  onTestFinished(() => {
    const asked = host.state('violations');
    rmSync(root, { recursive: true, force: true });
    expect(asked, 'what stand-ins were not taught').toBe('');
  });
  return host;
}

const FOLDERS = [
  ...['/etc/systemd/system', '/usr/lib/systemd/system', '/usr/local/bin', '/usr/sbin', '/var/lib'],
  ...['/bin', '/sbin', '/run', '/proc/sys', '/sys/module'],
];
const STATE = ['api', 'fail', 'journal', 'mirror', 'packages', 'repo', 'removed', 'units', 'users'];

function furnish(host: RootedHost, shell: Shell, family: 'centos' | 'debian'): void {
  for (const folder of FOLDERS) mkdirSync(host.at(folder), { recursive: true });
  for (const folder of STATE) mkdirSync(join(host.root, 'state', folder), { recursive: true });
  for (const [file, content] of Object.entries({
    pid: '1000\n',
    owners: '',
    violations: '',
    'users/root': '0\n',
  })) {
    host.setState(file, content);
  }
  symlinkSync(programs(shell, family), host.at('/usr/bin'));
  symlinkSync(join(standIns, 'lib.sh'), join(host.root, 'lib.sh'));
  if (family === 'centos') host.write('/etc/redhat-release', 'CentOS Linux release 7.9.2009 (Core)\n');
}

const folders = new Map<string, string>();

// For each test file that imports this.
afterAll(() => {
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
  folders.clear();
});

/** A folder with all that is on the PATH, the same for all hosts of a kind; gone when the tests end. */
function programs(shell: Shell, family: 'centos' | 'debian'): string {
  const known = folders.get(`${shell.name} ${family}`);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'k8sb-bin-'));
  symlinkSync(shell.path, join(folder, 'sh'));
  for (const program of REAL) symlinkSync(whereIs(program), join(folder, program));
  const others = family === 'centos' ? ['dpkg-query', 'apt-get'] : ['rpm', 'yum', 'restorecon'];
  for (const program of readdirSync(standIns).filter((file) => file !== 'lib.sh' && !others.includes(file))) {
    symlinkSync(join(standIns, program), join(folder, program));
  }
  folders.set(`${shell.name} ${family}`, folder);
  return folder;
}

function rooted(session: Session, root: string, path: string): Session {
  return {
    host: session.host,
    stats: session.stats,
    async exec(command, options: ExecOptions = {}) {
      const { stdin, onStdout, onStderr } = options;
      const result = await session.exec(`cd ${quote(root)} && ${command}`, {
        ...options,
        ...(stdin ? { stdin: withScriptInside(stdin, path) } : {}),
        ...(onStdout
          ? {
              onStdout: (chunk: Buffer) => {
                onStdout(outside(chunk));
              },
            }
          : {}),
        ...(onStderr
          ? {
              onStderr: (chunk: Buffer) => {
                onStderr(outside(chunk));
              },
            }
          : {}),
      });
      return { code: result.code, stdout: outside(result.stdout), stderr: outside(result.stderr) };
    },
    close: () => session.close(),
  };
}

/** Of what `runScript` sends: the length on a line, the script, then the payload, which stays as it is. */
async function* withScriptInside(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let rewritten = false;
  for await (const chunk of source) {
    if (rewritten) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const lineEnd = head.indexOf('\n') + 1;
    const end = lineEnd + Number(head.subarray(0, lineEnd).toString());
    if (lineEnd === 0 || head.length < end) continue;
    const script = Buffer.from(inside(head.subarray(lineEnd, end).toString('latin1'), path), 'latin1');
    yield Buffer.concat([Buffer.from(`${script.length}\n`), script, head.subarray(end)]);
    rewritten = true;
  }
  if (!rewritten) yield head;
}

const found = new Map<string, string>();

function whereIs(program: string): string {
  let path = found.get(program);
  if (path === undefined) {
    path = (process.env.PATH ?? '')
      .split(delimiter)
      .map((folder) => join(folder, program))
      .find((file) => existsSync(file));
    if (path === undefined) throw new Error(`${program} is not on the PATH of this machine`);
    found.set(program, path);
  }
  return path;
}
