import { quote, sh } from '../../kernel/quote.ts';
import type { InstallPackages } from '../step.ts';
import { was } from './before.ts';

const DPKG = "dpkg-query -W -f '${db:Status-Status} ${Package}\\n' | sed -n 's/^installed //p'";
const RPM = "rpm -qa --qf '%{NAME}\\n'";

/** Names of all that is installed, a line each. */
export const INSTALLED: Readonly<Record<InstallPackages['manager'], string>> = {
  yum: RPM,
  dnf: RPM,
  apt: DPKG,
};

/**
 * In a session of its own with its output in a file: when the connection is cut, the package manager
 * finishes rather than leaving a half-done transaction. What came with the packages is written down, too.
 */
export function installPackages({ manager, names, environment }: InstallPackages): string {
  const words = names.map(quote).join(' ');
  const verb = {
    yum: `yum install -y -q ${words}`,
    dnf: `dnf install -y -q ${words}`,
    apt: `apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold ${words}`,
  }[manager];
  const list = INSTALLED[manager];
  return `${environment.map(([name, value]) => sh`export ${`${name}=${value}`}`).join('\n')}
${names.map((name) => was('package', name, '-')).join('\n')}
had=$(mktemp $S/tmp/packages.XXXXXX)
${list} > "$had"
log=$(mktemp $S/tmp/packages.XXXXXX)
setsid sh -c ${quote(verb)} > "$log" 2>&1 || { code=$?; tail -n 20 "$log"; rm -f "$log" "$had"; exit $code; }
${list} | grep -vxF -f "$had" | while read -r name; do was package "$name" -; done
rm -f "$log" "$had"`;
}
