import { quote } from '../../kernel/quote.ts';
import { paths } from '../../kernel/host-paths.ts';

/** Lines of each unit's journal. */
const LINES = 300;

/**
 * Prints what a report needs of a host, in parts that begin with the mark and a name. No file that may hold a key is read,
 * and of the manifest only the paths: digests of secrets are nobody's.
 * @param mark a line of its own, which nothing else prints
 */
export const collectScript = (units: readonly string[], mark: string): string => {
  const all = units.map(quote).join(' ');
  const part = (name: string, commands: string): string =>
    `printf '\\n%s %s\\n' ${quote(mark)} ${quote(name)}\n{ ${commands}; } 2>&1`;
  return [
    part(
      'system.txt',
      `cat /etc/os-release; uname -a; uptime; free -m; df -Pk; date -u; cat /proc/cmdline; systemctl --failed --no-legend --no-pager || :`,
    ),
    part('network.txt', 'ip -4 addr; ip -4 route; ss -ltn; iptables-save -c | head -n 2000 || :'),
    part('written.txt', `cut -f 2,3 ${paths.manifest}; cut -f 1,2 ${paths.state}/before || :`),
    part('packages.txt', `rpm -qa 2> /dev/null | sort || dpkg-query -W || :`),
    ...(all === ''
      ? []
      : [
          part('units.txt', `systemctl status --no-pager -l -n 0 ${all}; systemctl cat ${all} || :`),
          ...units.map((unit) =>
            part(
              `journal/${unit}.txt`,
              `journalctl -u ${quote(unit)} -n ${LINES} --no-pager -o short-iso || :`,
            ),
          ),
        ]),
  ].join('\n');
};

/** Parts by name; what came before the first mark is nobody's. A host makes up no name. */
export function partsOf(output: string, mark: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const piece of output.split(`\n${mark} `).slice(1)) {
    const end = piece.indexOf('\n');
    const name = end < 0 ? piece : piece.slice(0, end);
    if (/^(?:[a-z]+\.txt|journal\/[A-Za-z0-9@._-]+\.txt)$/.test(name))
      parts.set(name, end < 0 ? '' : piece.slice(end + 1));
  }
  return parts;
}
