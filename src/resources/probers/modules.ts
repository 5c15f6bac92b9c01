import { quote } from '../../kernel/quote.ts';
import type { Watch } from '../observe.ts';

type ModuleWatch = Extract<Watch, { kind: 'module' }>;

export function script(watches: readonly ModuleWatch[]): string {
  if (watches.length === 0) return '';
  return `
B=/lib/modules/$(uname -r)/modules.builtin
for m in ${watches.map((watch) => quote(watch.key)).join(' ')}; do
  if [ -d "/sys/module/$m" ]; then echo "loaded $m"
  elif grep -qs "/$m\\.ko" "$B"; then echo "builtin $m"
  fi
done
:`.trim();
}

export function parse(
  watches: readonly ModuleWatch[],
  output: Buffer,
): Map<string, 'loaded' | 'builtin' | 'absent'> {
  const states = new Map<string, 'loaded' | 'builtin' | 'absent'>(watches.map(({ key }) => [key, 'absent']));
  for (const [, state, name = ''] of output.toString('utf8').matchAll(/^(loaded|builtin) (\S+)$/gm)) {
    states.set(name, state as 'loaded' | 'builtin');
  }
  return states;
}
