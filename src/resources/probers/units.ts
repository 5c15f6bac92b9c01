import { quote } from '../../kernel/quote.ts';
import type { UnitState, Watch } from '../observe.ts';

type UnitWatch = Extract<Watch, { kind: 'unit' }>;

/** Where the revision that a unit is started with is kept; read by the unit as an EnvironmentFile. */
export const revisionFile = (unit: string): string => `/var/lib/k8s-bootstrap/revisions/${unit}`;

/** Shell that prints the revision of a unit's inputs as they are on disk: one digest over all of theirs. */
export const revisionOf = (inputs: readonly string[]): string =>
  inputs.length === 0
    ? 'echo none'
    : `sha256sum -- ${inputs.map(quote).join(' ')} 2>/dev/null | sha256sum | cut -c1-32`;

const PROPERTIES =
  'LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,MainPID,ExecMainStartTimestamp';

/** `systemctl show` prints one block a unit in the order asked; the running process tells its own revision. */
export function script(watches: readonly UnitWatch[]): string {
  if (watches.length === 0) return '';
  const inputs = watches.map((watch) => `  ${quote(watch.key)}) ${revisionOf(watch.inputs)} ;;`).join('\n');
  return `
disk() {
  case $1 in
${inputs}
  esac
}
set -- ${watches.map((watch) => quote(watch.key)).join(' ')}
all=$(systemctl show -p ${PROPERTIES} "$@")
printf '%s\\n' "$all"
for pid in $(printf '%s\\n' "$all" | sed -n 's/^MainPID=//p'); do
  revision= exe=
  if [ "$pid" != 0 ] && [ -r "/proc/$pid/environ" ]; then
    revision=$(tr '\\0' '\\n' < "/proc/$pid/environ" | sed -n 's/^K8SB_REV=//p')
    exe=$(readlink "/proc/$pid/exe")
  fi
  printf 'process %s|%s|%s|%s\\n' "$1" "$revision" "$(disk "$1")" "$exe"
  shift
done`.trim();
}

export function parse(watches: readonly UnitWatch[], output: Buffer): Map<string, UnitState> {
  const text = output.toString('utf8');
  const processes = new Map<string, string[]>();
  for (const [, unit = '', rest = ''] of text.matchAll(/^process ([^|\n]*)\|(.*)$/gm))
    processes.set(unit, rest.split('|'));
  const blocks = text
    .replaceAll(/^process .*$/gm, '')
    .trim()
    .split(/\n\n+/);
  return new Map(
    watches.map(({ key }, index) => {
      const block = new Map<string, string>();
      for (const line of (blocks[index] ?? '').split('\n')) {
        const at = line.indexOf('=');
        if (at > 0) block.set(line.slice(0, at), line.slice(at + 1));
      }
      const [runningRevision = '', diskRevision = '', exe = ''] = processes.get(key) ?? [];
      return [
        key,
        {
          load: block.get('LoadState') ?? 'not-found',
          active: block.get('ActiveState') ?? 'inactive',
          sub: block.get('SubState') ?? 'dead',
          enabled: block.get('UnitFileState') ?? '',
          needsReload: block.get('NeedDaemonReload') === 'yes',
          runningRevision,
          diskRevision,
          binaryReplaced: exe.endsWith(' (deleted)'),
          startedAt: block.get('ExecMainStartTimestamp') ?? '',
        },
      ];
    }),
  );
}
