import { paths } from '../kernel/host-paths.ts';
import { sh } from '../kernel/quote.ts';
import type { Observed, SysctlLine } from '../probe/observe.ts';
import { sysctlPath } from '../probe/probers/sysctls.ts';
import { type Resource, none } from './resource.ts';
import type { Step } from './step.ts';
import { wasSysctl } from './steps/before.ts';

/**
 * The value of a kernel parameter, now and after a boot. The file that keeps it is another resource; here is seen to it
 * that no file which is read after that one says otherwise.
 */
export function sysctl(key: string, value: string): Resource {
  const wanted = value.trim().replaceAll(/\s+/g, ' ');
  const isOff = (seen: Observed): boolean => (seen.sysctl(key) ?? 'absent') !== wanted;
  const undone = (seen: Observed): readonly SysctlLine[] => {
    const later = (seen.sysctlAtBoot(key) ?? []).filter(({ file }) => nameOf(file) > nameOf(paths.sysctl));
    return (later.at(-1)?.value ?? wanted) === wanted ? [] : later.filter((line) => line.value !== wanted);
  };
  return {
    id: `sysctl:${key}`,
    title: `sysctl ${key}`,
    watches: [{ kind: 'sysctl', key }],
    diff(seen) {
      const off = [
        ...(isOff(seen) ? [`${seen.sysctl(key) ?? 'absent'} → ${wanted}`] : []),
        ...undone(seen).map(({ file, value: other }) => `at boot ${file} makes it ${other}: commented out`),
      ];
      return off.length === 0 ? none(`is ${wanted}`) : { kind: 'update', summary: off.join('; ') };
    },
    steps: (_change, seen): Step[] => [
      ...undone(seen).map((line): Step => ({
        op: 'run',
        title: `comment out ${key} in ${line.file}`,
        script: withoutLine(line),
      })),
      ...(isOff(seen)
        ? [
            {
              op: 'run',
              title: `set ${key}`,
              script: `${wasSysctl(key)}\nprintf '%s\\n' ${sh`${wanted}`} > ${sh`${sysctlPath(key)}`}`,
            } as const,
          ]
        : []),
    ],
  };
}

/**
 * Links lead to the file that is meant (on CentOS /etc/sysctl.d/99-sysctl.conf to /etc/sysctl.conf). One of a package
 * stays as it is: a file of its name in /etc counts in its stead.
 */
const withoutLine = ({ file, line }: SysctlLine): string => `from=${sh`${file}`}
[ ! -L "$from" ] || from=$(readlink -f -- "$from")
to=$from
case $from in /usr/* | /lib/*) to=/etc/sysctl.d/${sh`${nameOf(file)}`} ;; esac
root_only "\${to%/*}"
o=${paths.state}/originals$to
if [ -e "$to" ] && [ ! -e "$o" ]; then
  mkdir -p "\${o%/*}"
  cp -a -- "$to" "$o"
fi
t=$(mktemp "$to.XXXXXX")
cp -p -- "$from" "$t"
LINE=${sh`${line}`} awk '$0 == ENVIRON["LINE"] { $0 = "# k8s-bootstrap: " $0 } { print }' "$from" > "$t"
put "$t" "$to"
label "$to"
edited "$to"`;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
