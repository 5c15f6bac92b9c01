import { quote } from '../../kernel/quote.ts';
import type { Watch } from '../observe.ts';

type SysctlWatch = Extract<Watch, { kind: 'sysctl' }>;

/** Where a key is under /proc. A shell's own `read` gets one byte of such a file (dash), so grep reads them all. */
export const sysctlPath = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;

export const script = (watches: readonly SysctlWatch[]): string =>
  watches.length === 0
    ? ''
    : `grep -sH '' ${watches.map((watch) => quote(sysctlPath(watch.key))).join(' ')}\n:`;

/** Several numbers in one key are separated by single spaces, as people write them. */
export function parse(watches: readonly SysctlWatch[], output: Buffer): Map<string, string> {
  const lines = new Map<string, string>();
  for (const [, path = '', value = ''] of output.toString('utf8').matchAll(/^([^:\n]*):(.*)$/gm)) {
    lines.set(path, value.trim().replaceAll(/\s+/g, ' '));
  }
  return new Map(watches.map(({ key }) => [key, lines.get(sysctlPath(key)) ?? 'absent']));
}
