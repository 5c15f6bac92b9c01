import { quote } from '../../kernel/quote.ts';
import type { SysctlLine, Watch } from '../observe.ts';

type SysctlWatch = Extract<Watch, { kind: 'sysctl' }>;

/**
 * Where a key is under /proc: dots and slashes change places, unless it is written with slashes. A shell's own `read`
 * gets one byte of such a file (dash), so awk reads them, with all else that it is given.
 * https://www.freedesktop.org/software/systemd/man/latest/sysctl.d.html
 */
export const sysctlPath = (key: string): string => `/proc/sys/${partsOf(key)}`;

const partsOf = (key: string): string =>
  /[./]/.exec(key)?.[0] === '/'
    ? key
    : key.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));

/** Where parameters for the next boot are written; of files of one name the first counts. */
const FOLDERS = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((top) => `${top}/sysctl.d`);

/** Leaves the files in `"$@"` that have values as they are, and lines that set them at boot. */
export const script = (watches: readonly SysctlWatch[]): string =>
  watches.length === 0
    ? ''
    : `
set --
taken=/
for f in ${FOLDERS.map((folder) => `${folder}/*.conf`).join(' ')}; do
  [ -e "$f" ] || [ -L "$f" ] || continue
  case $taken in *"/\${f##*/}/"*) continue ;; esac
  taken=$taken\${f##*/}/
  set -- "$@" "$f"
done
set -- "$@" ${watches.map((watch) => quote(sysctlPath(watch.key))).join(' ')}`.trim();

/**
 * Several numbers in one key are separated by single spaces, as people write them.
 * @param output lines of files, each behind its path and a colon
 */
export function parse(watches: readonly SysctlWatch[], output: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const [, path = '', value = ''] of output.matchAll(LINE)) {
    lines.set(path, words(value));
  }
  return new Map(watches.map(({ key }) => [key, lines.get(sysctlPath(key)) ?? 'absent']));
}

/** What sets each key at boot, in the order of files and lines; the last counts. */
export function parseAtBoot(
  watches: readonly SysctlWatch[],
  output: string,
): Map<string, readonly SysctlLine[]> {
  const found = new Map<string, SysctlLine[]>();
  for (const [, file = '', line = ''] of output.matchAll(LINE)) {
    if (file.startsWith('/proc/')) continue;
    const [, key, value = ''] = /^\s*-?\s*([^\s=]+)\s*=(.*)$/s.exec(line) ?? [];
    if (key === undefined) continue;
    const path = sysctlPath(key);
    const of = SAME[path] ?? path;
    found.set(of, [...(found.get(of) ?? []), { file, line, value: words(value) }]);
  }
  return new Map(
    watches.map(({ key }) => [
      key,
      (found.get(sysctlPath(key)) ?? []).toSorted((a, b) => compare(nameOf(a.file), nameOf(b.file))),
    ]),
  );
}

/** Two names of one parameter: who writes to the first changes the second. */
const SAME: Readonly<Record<string, string>> = {
  '/proc/sys/net/ipv4/conf/all/forwarding': '/proc/sys/net/ipv4/ip_forward',
};

const LINE = /^(\/[^:\n]*):([^\n]*)$/gm;
const words = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
