import { quote } from '../../kernel/quote.ts';
import type { Watch } from '../observe.ts';

type ModuleWatch = Extract<Watch, { kind: 'module' }>;

/** Those that are not loaded may be part of the kernel, whose list the shell reads itself. */
export function script(watches: readonly ModuleWatch[]): string {
  if (watches.length === 0) return '';
  return `
M=
for m in ${watches.map((watch) => quote(watch.key)).join(' ')}; do
  if [ -d "/sys/module/$m" ]; then echo "loaded $m"; else M="$M $m.ko"; fi
done
[ -z "$M" ] || { read -r _ _ kernel _ < /proc/version; while read -r f; do
  case "$M " in *" \${f##*/} "*) echo "builtin $f" ;; esac
done < "/lib/modules/$kernel/modules.builtin"; } 2>/dev/null`.trim();
}

export function parse(
  watches: readonly ModuleWatch[],
  output: Buffer,
): Map<string, 'loaded' | 'builtin' | 'absent'> {
  const states = new Map<string, 'loaded' | 'builtin' | 'absent'>(watches.map(({ key }) => [key, 'absent']));
  const text = output.toString('utf8');
  const told = (name: string, state: 'loaded' | 'builtin'): unknown =>
    states.has(name) && states.set(name, state);
  for (const [, name = ''] of text.matchAll(/^loaded (\S+)$/gm)) told(name, 'loaded');
  for (const [, name = ''] of text.matchAll(/^builtin \S*\/([^\s/]+)\.ko$/gm)) told(name, 'builtin');
  return states;
}
