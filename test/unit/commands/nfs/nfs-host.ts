import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { localSession } from '../../../../src/transport/local-session.ts';
import { runScript } from '../../../../src/transport/feed.ts';
import type { Shell } from '../../../support/shells.ts';

/**
 * A host whose NFS is make-believe: scripts run in a real shell, but /run, /proc/mounts and /var/lib/nfs are in a folder,
 * and `mount`, `umount`, `showmount`, `rpcinfo`, `systemctl` and ports are stand-ins. A mount is a link to a folder of
 * `exports`. What a program is to say instead is set by `says`; what was not taught fails the test.
 */
export interface NfsHost {
  readonly root: string;
  /** Makes a folder that can be mounted as `SERVER:PATH`. */
  exports(source: string): string;
  /** Has a program say something and end with a code; a line of shell goes before. */
  says(program: string, text: string, code?: number, before?: string): void;
  write(name: string, text: string): void;
  read(name: string): string;
  /** What is left in /run and in the list of mounts. */
  left(): string[];
  /** Runs a script whose output nobody reads, and waits for its end. */
  cut(script: string): Promise<void>;
  run(
    script: string,
    options?: { signal?: AbortSignal; onStdout?: (chunk: Buffer) => void; payload?: Uint8Array },
  ): Promise<Buffer>;
}

/** First of all: what the test said it shall say. */
const TOLD = `said=$ROOT/says/\${0##*/}
[ ! -e "$said" ] || . "$said"
violate() { echo "\${0##*/} $*" >> "$ROOT/violations"; exit 64; }
`;

const PROGRAMS: Readonly<Record<string, string>> = {
  mount: `[ "$1 $2 $3" = "-t nfs -o" ] || violate "$@"
echo "$4" >> "$ROOT/options"
from=$ROOT/exports/$(printf %s "$5" | tr / +)
[ -d "$from" ] || { echo "mount.nfs: mounting $5 failed, reason given by server: No such file or directory"; exit 32; }
rmdir "$6" && ln -s "$from" "$6" || exit 1
printf '%s %s nfs4 rw,relatime,vers=4.2,rsize=1048576,soft 0 0\\n' "$(printf %s "$5" | sed 's/ /\\\\040/g')" "$6" >> "$ROOT/mounts"`,
  umount: `[ "$1" != -l ] || shift
grep -v " $1 " "$ROOT/mounts" > "$ROOT/mounts.new"
mv "$ROOT/mounts.new" "$ROOT/mounts"
rm "$1" && mkdir "$1"`,
  'mount.nfs': 'violate "$@"',
  showmount: 'violate "$@"',
  rpcinfo: 'violate "$@"',
  systemctl: 'violate "$@"',
  ss: 'violate "$@"',
  exportfs: 'violate "$@"',
  kubectl: 'violate "$@"',
  // Only dials: bash -c 'exec 3<>…' HOST PORT
  bash: `[ "$1" = -c ] && [ $# = 4 ] || violate "$@"
[ ! -e "$ROOT/says/port-$4" ] || . "$ROOT/says/port-$4"
exit 0`,
};

export function nfsHost(shell: Shell): NfsHost {
  const root = mkdtempSync(join(tmpdir(), 'k8sb-nfs-'));
  for (const folder of ['bin', 'says', 'run', 'exports', 'nfs']) mkdirSync(join(root, folder));
  for (const [name, text] of Object.entries(PROGRAMS)) {
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${TOLD}${text}\n`);
    chmodSync(join(root, 'bin', name), 0o755);
  }
  writeFileSync(join(root, 'mounts'), 'proc /proc proc rw 0 0\n');
  onTestFinished(() => {
    const violations = join(root, 'violations');
    const asked = existsSync(violations) ? readFileSync(violations, 'utf8') : '';
    rmSync(root, { recursive: true, force: true });
    expect(asked, 'what stand-ins were not taught').toBe('');
  });
  const inside = (script: string): string =>
    script
      .replaceAll(/^PATH=.*$/gm, `PATH=${join(root, 'bin')}:/usr/bin:/bin`)
      .replaceAll('/proc/mounts', join(root, 'mounts'))
      .replaceAll('/run/k8s-bootstrap', join(root, 'run', 'k8s-bootstrap'))
      .replaceAll('/var/lib/nfs/', join(root, 'nfs/'))
      .replaceAll('/usr/local/bin/kubectl', join(root, 'bin', 'kubectl'));
  return {
    root,
    exports(source) {
      const folder = join(root, 'exports', source.replaceAll('/', '+'));
      mkdirSync(folder);
      return folder;
    },
    says(program, text, code = 0, before = '') {
      writeFileSync(join(root, 'says', `${program}.text`), text);
      writeFileSync(
        join(root, 'says', program),
        `${before}\ncat "$ROOT/says/${program}.text"; exit ${code}\n`,
      );
    },
    write: (name, text) => {
      writeFileSync(join(root, name), text);
    },
    read: (name) => readFileSync(join(root, name), 'utf8'),
    left: () => [
      ...readdirSync(join(root, 'run')),
      ...readFileSync(join(root, 'mounts'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('/run/')),
    ],
    cut: (script) =>
      new Promise((resolve) => {
        const env = { ...process.env, ROOT: root };
        const child = spawn(shell.path, ['-c', inside(script)], { env, stdio: ['ignore', 'pipe', 'ignore'] });
        child.stdout.destroy();
        child.once('exit', () => {
          resolve();
        });
      }),
    async run(script, { payload, ...options } = {}) {
      const session = localSession({ shell: shell.path, env: { ROOT: root } });
      const { stdout, stderr } = await runScript(session, {
        script: inside(script),
        timeoutMs: 20_000,
        ...options,
        ...(payload && { payload: bytes(payload) }),
      });
      expect(stderr.toString('utf8')).toBe('');
      return stdout;
    },
  };
}

async function* bytes(data: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield data;
}
