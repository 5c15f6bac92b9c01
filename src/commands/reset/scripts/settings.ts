import type { PackageManager } from '../../../facts/facts.ts';
import { quote, sh } from '../../../kernel/quote.ts';
import { sysctlPath } from '../../../probe/probers/sysctls.ts';
import { type BeforeEntry, ofKind } from '../../../resources/before.ts';
import { LEAVING } from './files.ts';

/** Each call takes back rules where they were added, now or for ever; nothing is reloaded. */
export const withoutFirewallRules = (calls: readonly (readonly string[])[] | undefined): string =>
  calls === undefined
    ? `${LEAVING}\nleft ${quote('firewalld does not run, or does not tell: what was opened stays in its configuration')}`
    : [
        LEAVING,
        ...calls.map(
          (options) =>
            sh`firewall-cmd -q ${[...options]} || left ${`firewalld refuses: firewall-cmd ${options.join(' ')}`}`,
        ),
      ].join('\n');

/** Kernel parameters, modules, swap, SELinux and the host's name as they were, as far as the host lets them. */
export const formerSettings = (before: readonly BeforeEntry[]): string =>
  [
    LEAVING,
    ...ofKind(before, 'sysctl').map(
      ({ key, value }) => sh`f=${sysctlPath(key)} v=${value}
if [ -e "$f" ] && [ "$(echo $(cat "$f"))" != "$v" ]; then { printf '%s\n' "$v" > "$f"; } 2>/dev/null || left ${`kernel parameter ${key} stays as it is; it was ${value}`}; fi`,
    ),
    ...ofKind(before, 'module')
      .toReversed()
      .map(
        ({ key }) =>
          sh`[ ! -d ${`/sys/module/${key}`} ] || modprobe -r -- ${key} 2>/dev/null || left ${`kernel module ${key} is in use and stays loaded`}`,
      ),
    ...ofKind(before, 'swap').map(
      ({ key }) =>
        sh`grep -qF ${`${key} `} /proc/swaps || swapon -- ${key} || left ${`${key} cannot be swapped to`}`,
    ),
    ...ofKind(before, 'selinux').map(() => 'setenforce 1'),
    ...ofKind(before, 'boolean').map(({ key, value }) => sh`setsebool -P ${key} ${value}`),
    ...ofKind(before, 'hostname').map(({ value }) => sh`printf '%s\n' ${value} > /proc/sys/kernel/hostname`),
  ].join('\n');

/** Whether others use a unit: containers of theirs run in a runtime, or they export folders of their own. */
const OTHERS_IN = `others_in() {
  case $1 in
    docker.service) [ -n "$(docker ps -q 2>/dev/null)" ] ;;
    containerd.service)
      for n in $(ctr namespaces ls -q 2>/dev/null); do [ -z "$(ctr -n "$n" tasks ls -q 2>/dev/null)" ] || return 0; done
      return 1 ;;
    nfs*.service | rpcbind.*) [ -n "$(exportfs 2>/dev/null)" ] ;;
    *) return 1 ;;
  esac
}`;

/**
 * Units of packages as they were: whether they run and start at boot. What others use is left alone, at boot too: dockerd
 * ends their containers when it is started anew without its option. firewalld is never started anew.
 */
export const formerUnits = (before: readonly BeforeEntry[], own: ReadonlySet<string>): string => {
  const units = ofKind(before, 'unit').filter(({ key }) => !own.has(key));
  return `${LEAVING}
${OTHERS_IN}
former() {
  [ "$(systemctl show -p LoadState "$1")" != LoadState=not-found ] || return 0
  if others_in "$1"; then
    left "$1 runs on as it was set up here, for others use it; its own settings count when it is started anew"
    return 0
  fi
  case $3 in
    UnitFileState=enabled) systemctl -q enable -- "$1" ;;
    UnitFileState=masked) systemctl -q mask -- "$1" ;;
    UnitFileState=disabled | UnitFileState=) systemctl -q disable -- "$1" ;;
  esac
  case $2 in
    ActiveState=active)
      case $1 in firewalld.service) systemctl start -- "$1" ;; *) systemctl restart -- "$1" ;; esac || left "$1 ran, and does not start" ;;
    *) systemctl stop -- "$1" ;;
  esac
}
systemctl daemon-reload
# What is exported now is what others have written.
! command -v exportfs > /dev/null || exportfs -r 2> /dev/null || :
${units
  .map(({ key, value }) => {
    const state = (name: string): string => value.split(' ').find((word) => word.startsWith(name)) ?? name;
    return `former ${quote(key)} ${quote(state('ActiveState='))} ${quote(state('UnitFileState='))}`;
  })
  .join('\n')}`;
};

/** Accounts that were made; one whose data stays, stays, or somebody else would own it one day. */
export const withoutAccounts = (before: readonly BeforeEntry[], data: readonly string[]): string =>
  [
    LEAVING,
    ...ofKind(before, 'account').map(
      ({ key }) =>
        sh`id -u -- ${key} > /dev/null 2>&1 && if [ -n "$(find -H ${[...data]} -maxdepth 1 -user ${key} -print -quit 2>/dev/null)" ]; then left ${`account ${key} stays, for data of its stays`}; else userdel -- ${key}; fi || :`,
    ),
  ].join('\n');

/** Only those that nothing else needs by now: a package manager would take along what does. */
export const withoutPackages = (manager: PackageManager, names: readonly string[]): string => {
  const remove = manager === 'apt' ? 'dpkg --remove' : 'rpm -e';
  const known = manager === 'apt' ? "dpkg-query -W -f '${db:Status-Status}' " : 'rpm -q ';
  return `${LEAVING}
${OTHERS_IN}
used() {
  case $1 in
    docker* | moby* | containerd* | runc*) others_in docker.service || others_in containerd.service ;;
    nfs* | rpcbind) others_in nfs-server.service ;;
    *) return 1 ;;
  esac
}
set --
for name in ${names.map(quote).join(' ')}; do
  ${known}"$name" > /dev/null 2>&1 || continue
  if used "$name"; then left "package $name stays, for others use it"; else set -- "$@" "$name"; fi
done
[ $# -eq 0 ] || said=$(${remove} "$@" 2>&1 > /dev/null) || left "no package was removed: $(printf '%s' "$said" | head -n 3 | tr '\\n' ' ')"`;
};
