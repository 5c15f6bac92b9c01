import { quote } from '../../kernel/quote.ts';
import type { UnitState, Watch } from '../observe.ts';
import type { unitFacts } from './files.ts';

type UnitWatch = Extract<Watch, { kind: 'unit' }>;

/** Where the revision that a unit is started with is kept; read by the unit as an EnvironmentFile. */
export const revisionFile = (unit: string): string => `/var/lib/k8s-bootstrap/revisions/${unit}`;

/** Shell that prints the revision of a unit's inputs as they are on disk: one digest over all of theirs. */
export const revisionOf = (inputs: readonly string[]): string =>
  inputs.length === 0
    ? 'echo none'
    : `sha256sum -- ${inputs.map(quote).join(' ')} 2>/dev/null | sha256sum | cut -c1-32`;

const PROPERTIES =
  'Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,MainPID,ExecMainStartTimestamp,FragmentPath,DropInPaths';

/** Where people and programs put what changes a unit: systemd may not have read it yet. */
const PLACES = [
  '/etc/systemd/system',
  '/etc/systemd/system.control',
  '/run/systemd/system',
  '/run/systemd/system.control',
];

/**
 * `systemctl show` prints one block a unit in the order asked; the running processes tell their own revision. Their
 * programs, and the inputs of units on disk, are looked at together with all other files. Questions that come later find
 * in `$running` the units that are active.
 */
export function script(watches: readonly UnitWatch[]): string {
  if (watches.length === 0) return 'exes= running=';
  return `
systemctl show -p ${PROPERTIES} ${watches.map((watch) => quote(watch.key)).join(' ')} > "$D.units"
environs= exes= running= id=
while IFS= read -r line; do
  printf '%s\n' "$line"
  case $line in
    Id=*) id=\${line#*=} ;;
    ActiveState=active) running="$running $id" ;;
    MainPID=0) ;;
    MainPID=*)
      pid=\${line#*=}
      environs="$environs /proc/$pid/environ" exes="$exes /proc/$pid/exe"
      ;;
  esac
done < "$D.units"
[ -z "$environs" ] || grep -zHs '^K8SB_REV=' $environs
for u in ${watches.map((watch) => quote(watch.key)).join(' ')}; do
  for f in ${PLACES.map((place) => `${place}/"$u".d/*.conf`).join(' ')}; do
    [ -e "$f" ] || [ -L "$f" ] || continue
    case \${f##*/} in *[!A-Za-z0-9._@+:-]*) f=\${f%/*}/?.conf ;; esac
    printf '\ndrop-in %s' "$f"
  done
done
:`.trim();
}

/** @param output of `script`, and `disk` what the script of all files found out for units */
export function parse(
  watches: readonly UnitWatch[],
  output: Buffer,
  disk: ReturnType<typeof unitFacts>,
): Map<string, UnitState> {
  const text = output.toString('utf8');
  const revisions = new Map(
    [...text.matchAll(/\/proc\/(\d+)\/environ:K8SB_REV=([^\0]*)/g)].map(([, pid = '', value = '']) => [
      pid,
      value,
    ]),
  );
  const onDisk = [...text.matchAll(/^drop-in (\/\S+)$/gm)].map(([, path = '']) => path);
  const blocks = text.trim().split(/\n\n+/);
  return new Map(
    watches.map(({ key, inputs }, index) => {
      const block = new Map<string, string>();
      for (const line of (blocks[index] ?? '').split('\n')) {
        const at = line.indexOf('=');
        if (at > 0) block.set(line.slice(0, at), line.slice(at + 1));
      }
      const pid = block.get('MainPID') ?? '';
      return [
        key,
        {
          load: block.get('LoadState') ?? 'not-found',
          active: block.get('ActiveState') ?? 'inactive',
          sub: block.get('SubState') ?? 'dead',
          enabled: block.get('UnitFileState') ?? '',
          needsReload: block.get('NeedDaemonReload') === 'yes',
          runningRevision: revisions.get(pid) ?? '',
          diskRevision: inputs.length === 0 ? 'none' : (disk.revisions.get(index) ?? '').slice(0, 32),
          binaryReplaced: / \(deleted\)\W*$/.test(disk.executables.get(pid) ?? ''),
          startedAt: block.get('ExecMainStartTimestamp') ?? '',
          fragment: block.get('FragmentPath') ?? '',
          dropIns: [
            ...new Set([
              ...(block.get('DropInPaths') ?? '').split(' ').filter((path) => path.startsWith('/')),
              ...onDisk.filter((path) => path.split('/').at(-2) === `${key}.d`),
            ]),
          ].toSorted(),
        },
      ];
    }),
  );
}
