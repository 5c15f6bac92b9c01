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

/**
 * `systemctl show` prints one block a unit in the order asked; the running processes tell their own
 * revision and executable. Those on disk are the same digests as `revisionOf`, for all units at once.
 */
export function script(watches: readonly UnitWatch[]): string {
  if (watches.length === 0) return '';
  const files = [...new Set(watches.flatMap((watch) => watch.inputs))];
  const pairs = watches.flatMap((watch, index) => watch.inputs.map((input) => `${index} ${input}`));
  return `
all=$(systemctl show -p ${PROPERTIES} ${watches.map((watch) => quote(watch.key)).join(' ')})
printf '%s\\n' "$all"
index=0 environs= exes=
for pid in $(printf '%s\\n' "$all" | sed -n 's/^MainPID=//p'); do
  if [ "$pid" != 0 ]; then
    printf 'pid %s %s\\n' "$pid" "$index"
    environs="$environs /proc/$pid/environ" exes="$exes /proc/$pid/exe"
  fi
  index=$((index + 1))
done
if [ -n "$environs" ]; then
  grep -zHs '^K8SB_REV=' $environs | tr '\\0' '\\n' | sed 's/^/process /'
  stat -c 'exe %N' $exes 2>/dev/null
fi
${
  files.length === 0
    ? ''
    : `mkdir "$D/revisions"
sha256sum -- ${files.map(quote).join(' ')} > "$D/sums" 2>/dev/null
printf '%s\\n' ${pairs.map(quote).join(' ')} |
  awk -v d="$D/revisions/" 'FILENAME != "-" { line[substr($0, 67)] = $0; next } $2 in line { print line[$2] > (d $1) }' "$D/sums" -
(cd "$D/revisions" && sha256sum *) 2>/dev/null | sed 's/^/disk /'`
}
:`.trim();
}

export function parse(watches: readonly UnitWatch[], output: Buffer): Map<string, UnitState> {
  const text = output.toString('utf8');
  const found = (pattern: RegExp): Map<string, string> =>
    new Map([...text.matchAll(pattern)].map(([, key = '', value = '']) => [key, value]));
  const pids = new Map(
    [...text.matchAll(/^pid (\d+) (\d+)$/gm)].map(([, pid = '', index]) => [Number(index), pid]),
  );
  const revisions = found(/^process \/proc\/(\d+)\/environ:K8SB_REV=(.*)$/gm);
  const executables = found(/^exe .*\/proc\/(\d+)\/exe\W+ -> (.*)$/gm);
  const disk = new Map(
    [...text.matchAll(/^disk (\S+) {2}(\d+)$/gm)].map(([, sum = '', index]) => [Number(index), sum]),
  );
  const blocks = text
    .slice(0, text.search(/^(pid|process|exe|disk) /m))
    .trim()
    .split(/\n\n+/);
  return new Map(
    watches.map(({ key, inputs }, index) => {
      const block = new Map<string, string>();
      for (const line of (blocks[index] ?? '').split('\n')) {
        const at = line.indexOf('=');
        if (at > 0) block.set(line.slice(0, at), line.slice(at + 1));
      }
      const pid = pids.get(index) ?? '';
      return [
        key,
        {
          load: block.get('LoadState') ?? 'not-found',
          active: block.get('ActiveState') ?? 'inactive',
          sub: block.get('SubState') ?? 'dead',
          enabled: block.get('UnitFileState') ?? '',
          needsReload: block.get('NeedDaemonReload') === 'yes',
          runningRevision: revisions.get(pid) ?? '',
          diskRevision: inputs.length === 0 ? 'none' : (disk.get(index) ?? '').slice(0, 32),
          binaryReplaced: / \(deleted\)\W*$/.test(executables.get(pid) ?? ''),
          startedAt: block.get('ExecMainStartTimestamp') ?? '',
        },
      ];
    }),
  );
}
