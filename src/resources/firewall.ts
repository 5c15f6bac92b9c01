import { sh } from '../kernel/quote.ts';
import type { Observed } from './observe.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Step } from './step.ts';

export interface FirewallSpec {
  /** The node's own address: the zone of the interface that carries it gets the ports. */
  readonly ip: string;
  /** `6443/tcp`, `30000-32767/tcp`, … */
  readonly ports: readonly string[];
  /** Ranges whose traffic is let through both ways: without it FORWARD rejects what pods send. */
  readonly trustedSources: readonly string[];
  readonly trustedInterfaces: readonly string[];
}

interface Rules {
  readonly ports: Set<string>;
  readonly sources: Set<string>;
  readonly interfaces: Set<string>;
}

const QUESTION = 'firewalld';

/**
 * Open ports in a running firewalld, in its runtime and its permanent configuration alike, never by
 * `--reload`, which would flush the chains of docker and kube-proxy. Read over D-Bus and from the XML:
 * `firewall-cmd` takes half a second of Python for each question.
 */
export function firewall(spec: FirewallSpec): Resource {
  return {
    id: 'firewall',
    title: 'firewalld',
    watches: [{ kind: 'answer', key: QUESTION, script: question(spec.ip), slow: true }],
    diff(seen): Change {
      const commands = missing(spec, seen);
      if (commands === undefined) return none('firewalld does not run');
      return commands.length === 0
        ? none('all open')
        : { kind: 'update', summary: [...new Set(commands.map((command) => command.what))].join(', ') };
    },
    steps(_change, seen): Step[] {
      const commands = missing(spec, seen) ?? [];
      return [
        {
          op: 'run',
          title: `open ${commands.length} firewall rules`,
          script: calls(commands)
            .map((options) => sh`firewall-cmd -q ${options}`)
            .join('\n'),
        },
      ];
    },
  };
}

interface Rule {
  readonly what: string;
  /** Which configuration and zone it belongs to: rules of one place go in one call. */
  readonly place: readonly string[];
  readonly option: string;
}

/** Each call is a start of Python: one for each zone, runtime and permanent. */
function calls(rules: readonly Rule[]): string[][] {
  const byPlace = new Map<string, string[]>();
  for (const { place, option } of rules) {
    const key = place.join(' ');
    byPlace.set(key, [...(byPlace.get(key) ?? place), option]);
  }
  return [...byPlace.values()];
}

function missing(spec: FirewallSpec, seen: Observed): Rule[] | undefined {
  const text = seen.answer(QUESTION)?.output ?? '';
  const zone = /^zone (\S+)$/m.exec(text)?.[1];
  if (zone === undefined) return undefined;
  const wanted = [
    ...spec.ports.map((port) => ({ zone, kind: 'port', value: port, what: `open ${port}` })),
    ...spec.trustedSources.map((source) => ({
      zone: 'trusted',
      kind: 'source',
      value: source,
      what: `trust ${source}`,
    })),
    ...spec.trustedInterfaces.map((name) => ({
      zone: 'trusted',
      kind: 'interface',
      value: name,
      what: `trust ${name}`,
    })),
  ];
  return ['runtime', 'permanent'].flatMap((where) => {
    const now = { [zone]: rules(text, `${where} zone`), trusted: rules(text, `${where} trusted`) };
    return wanted
      .filter(({ zone: at, kind, value }) => !now[at]?.[`${kind}s` as keyof Rules].has(value))
      .map(({ zone: at, kind, value, what }) => ({
        what,
        place: [...(where === 'permanent' ? ['--permanent'] : []), `--zone=${at}`],
        option: `--add-${kind}=${value}`,
      }));
  });
}

/**
 * Prints `zone NAME`, then for the runtime what D-Bus answers and for the permanent state the XML.
 * https://firewalld.org/documentation/man-pages/firewalld.dbus.html
 */
const question = (ip: string): string => `
ask() { dbus-send --system --print-reply --dest=org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 "org.fedoraproject.FirewallD1$@" 2>/dev/null; }
words() { sed -n 's/.*string "\\(.*\\)"/\\1/p' | tr '\\n' ' '; }
[ -d /etc/firewalld ] || exit 0
[ "$(systemctl is-active firewalld)" = active ] || exit 0
z=$(ask .getDefaultZone | words); z=\${z% }
i=$(ip -o -4 addr show | awk -v ip=${ip} '{ split($4, a, "/"); if (a[1] == ip) print $2 }')
o=$(ask .zone.getZoneOfInterface string:"$i" | words); o=\${o% }
[ -z "$o" ] || z=$o
[ -n "$z" ] || exit 1
echo "zone $z"
echo "runtime zone ports $(ask .zone.getPorts string:"$z" | words)"
echo "runtime trusted sources $(ask .zone.getSources string:trusted | words)"
echo "runtime trusted interfaces $(ask .zone.getInterfaces string:trusted | words)"
for w in zone trusted; do
  n=$z; [ $w = zone ] || n=trusted
  f=/etc/firewalld/zones/$n.xml; [ -f "$f" ] || f=/usr/lib/firewalld/zones/$n.xml
  echo "permanent $w ports $(sed -n 's/.*<port .*port="\\([^"]*\\)".*/&/p' "$f" | sed 's/.*port="\\([^"]*\\)" protocol="\\([^"]*\\)".*/\\1 \\2/; s/.*protocol="\\([^"]*\\)" port="\\([^"]*\\)".*/\\2 \\1/' | tr '\\n' ' ')"
  echo "permanent $w sources $(sed -n 's/.*<source address="\\([^"]*\\)".*/\\1/p' "$f" | tr '\\n' ' ')"
  echo "permanent $w interfaces $(sed -n 's/.*<interface name="\\([^"]*\\)".*/\\1/p' "$f" | tr '\\n' ' ')"
done`;

/** Ports come as two words, number and protocol, from both sources. */
function rules(text: string, prefix: string): Rules {
  const words = (kind: string): string[] =>
    (new RegExp(`^${prefix} ${kind} (.*)$`, 'm').exec(text)?.[1] ?? '').split(' ').filter(Boolean);
  const numbers = words('ports');
  const ports = numbers.flatMap((word, index) =>
    index % 2 === 0 ? [`${word}/${numbers[index + 1] ?? ''}`] : [],
  );
  return {
    ports: new Set(ports),
    sources: new Set(words('sources')),
    interfaces: new Set(words('interfaces')),
  };
}
