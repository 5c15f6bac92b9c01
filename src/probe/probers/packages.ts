import { quote } from '../../kernel/quote.ts';
import type { Watch } from '../observe.ts';

type PackageWatch = Extract<Watch, { kind: 'package' }>;

/** One query for all names; a host of the CentOS family is one that says so, whatever else is installed. */
export function script(watches: readonly PackageWatch[]): string {
  if (watches.length === 0) return '';
  const names = watches.map((watch) => quote(watch.key)).join(' ');
  return `
if [ -f /etc/redhat-release ] || [ -f /etc/openEuler-release ]; then rpm -q --qf 'have %{NAME} %{VERSION}-%{RELEASE}\\n' ${names} 2>/dev/null
else dpkg-query -W -f 'have \${Package} \${Version} \${db:Status-Status}\\n' ${names} 2>/dev/null
fi
:`.trim();
}

export function parse(watches: readonly PackageWatch[], output: Buffer): Map<string, string> {
  const versions = new Map(watches.map(({ key }) => [key, 'absent']));
  for (const [, name = '', version = ''] of output
    .toString('utf8')
    .matchAll(/^have (\S+) (\S+)(?: installed)?$/gm)) {
    if (versions.has(name)) versions.set(name, version);
  }
  return versions;
}
