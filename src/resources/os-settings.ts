import { sh } from '../kernel/quote.ts';
import { paths } from '../kernel/host-paths.ts';
import { type Resource, none } from './resource.ts';
import { was } from './steps/before.ts';
import { type HostFacts, factsOf, factsWatches } from '../facts/facts.ts';

/**
 * Settings in files that belong to the system. They are edited in place and stay out of the manifest, so that
 * nobody ever deletes them as ours; the original is kept among the others.
 */

/** No swap now and none after a boot: kubelet does not start with it. */
export const swapOff = (): Resource =>
  setting('swap', 'swap', (facts) => [
    ...(facts.swaps.length > 0
      ? [
          {
            what: `turn off ${facts.swaps.join(' ')}`,
            script: [...facts.swaps.map((device) => was('swap', device, '-')), 'swapoff -a'].join('\n'),
          },
        ]
      : []),
    ...(facts.swapsInFstab.length > 0
      ? [
          {
            what: 'comment out swap in /etc/fstab',
            script: edit('/etc/fstab', `$1 !~ /^#/ && $3 == "swap" { $0 = "#" $0 }`),
          },
        ]
      : []),
    ...facts.swapUnits.map((unit) => ({
      what: `disable ${unit}`,
      script: sh`was_unit ${unit}\nsystemctl disable -- ${unit}`,
    })),
  ]);

/** SELinux only reports, now and after a boot. */
export const selinuxPermissive = (): Resource =>
  setting('selinux', 'SELinux', (facts) => [
    ...(facts.selinux === 'enforcing'
      ? [{ what: 'permissive', script: `${was('selinux', 'mode', 'enforcing')}\nsetenforce 0` }]
      : []),
    ...(facts.selinuxAtBoot === 'enforcing'
      ? [
          {
            what: 'permissive at boot',
            script: edit('/etc/selinux/config', `/^SELINUX=/ { $0 = "SELINUX=permissive" }`),
          },
        ]
      : []),
  ]);

/** The host's own name, now and after a boot. */
export const hostname = (name: string): Resource =>
  setting('hostname', 'host name', (facts) => [
    ...(facts.hostname === name
      ? []
      : [
          {
            what: `${facts.hostname} → ${name}`,
            script: `${was('hostname', 'running', facts.hostname)}\n${sh`printf '%s\\n' ${name} > /proc/sys/kernel/hostname`}`,
          },
        ]),
    ...(facts.hostnameAtBoot === name
      ? []
      : [
          {
            what: `${name} at boot`,
            script: `${keepOriginal('/etc/hostname')}\n${sh`printf '%s\\n' ${name} > /etc/hostname`}\nedited /etc/hostname`,
          },
        ]),
  ]);

interface Action {
  readonly what: string;
  readonly script: string;
}

/** A resource whose state is in the facts and whose steps follow from them. */
function setting(id: string, title: string, actions: (facts: HostFacts) => readonly Action[]): Resource {
  return {
    id,
    title,
    watches: factsWatches(),
    diff(seen) {
      const due = actions(factsOf(seen));
      return due.length === 0
        ? none('as wanted')
        : { kind: 'update', summary: due.map(({ what }) => what).join(', ') };
    },
    steps: (_change, seen) =>
      actions(factsOf(seen)).map(({ what, script }) => ({ op: 'run', title: `${title}: ${what}`, script })),
  };
}

/** Runs a line of awk over a file; its rights stay, and a reader sees the old text or the new. */
const edit = (path: string, program: string): string => `${keepOriginal(path)}
t=$(mktemp ${path}.XXXXXX)
cp -p ${path} "$t"
awk '${program} { print }' ${path} > "$t"
put "$t" ${path}
if command -v restorecon > /dev/null; then restorecon ${path} || :; fi
edited ${path}`;

/** Whole or not at all: a copy that a full disk cut would be what a reset puts back. */
export const keepOriginal = (path: string): string => `o=${paths.state}/originals${path}
mkdir -p "\${o%/*}"
if [ ! -e "$o" ] && [ -e ${path} ]; then
  cp -a ${path} "$o.new"
  put "$o.new" "$o"
fi`;
