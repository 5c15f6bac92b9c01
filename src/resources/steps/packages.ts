import { quote, sh } from '../../kernel/quote.ts';
import type { InstallPackages } from '../step.ts';

/**
 * In a session of its own with its output in a file: when the connection is cut, the package manager
 * finishes rather than leaving a half-done transaction.
 */
export function installPackages({ manager, names, environment }: InstallPackages): string {
  const words = names.map(quote).join(' ');
  const verb = {
    yum: `yum install -y -q ${words}`,
    dnf: `dnf install -y -q ${words}`,
    apt: `apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold ${words}`,
  }[manager];
  return `${environment.map(([name, value]) => sh`export ${`${name}=${value}`}`).join('\n')}
log=$(mktemp $S/tmp/packages.XXXXXX)
setsid sh -c ${quote(verb)} > "$log" 2>&1 || { code=$?; tail -n 20 "$log"; rm -f "$log"; exit $code; }
rm -f "$log"`;
}
