import { sh } from '../kernel/quote.ts';
import type { Observed } from './observe.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Step } from './step.ts';

export interface FirewallSpec {
  /** The node's own address: the zone of the interface that carries it gets the ports. */
  readonly ip: string;
  /** `6443/tcp`, `30000-32767/tcp`, … */
  readonly ports: readonly string[];
  /** Ports that only some may reach: an IPv4 address or range each. */
  readonly portsFor: readonly { readonly source: string; readonly port: string }[];
  /** Ranges whose traffic is let through both ways: without it FORWARD rejects what pods send. */
  readonly trustedSources: readonly string[];
  readonly trustedInterfaces: readonly string[];
  /** Ranges to which anything is forwarded: what a node itself sends to a pod elsewhere has the node's address. */
  readonly forwardTo: readonly string[];
}

interface Rules {
  readonly ports: Set<string>;
  readonly sources: Set<string>;
  readonly interfaces: Set<string>;
  /** As firewalld writes them. */
  readonly richRules: Set<string>;
  /** Of the FORWARD chain, as iptables arguments. */
  readonly direct: Set<string>;
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
    watches: [{ kind: 'answer', key: QUESTION, script: question(spec), slow: true }],
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
  /** Arguments of firewall-cmd. */
  readonly call: readonly string[];
}

/** Each call is a start of Python, so what goes into one zone goes in one call; it refuses sources beside interfaces. */
function calls(rules: readonly Rule[]): string[][] {
  const merged = new Map<string, string[]>();
  for (const { call } of rules) {
    const at = call.findIndex((word) => word.startsWith('--add-'));
    const kind = call[at]?.split('=')[0] ?? '';
    const place = (call.includes('--direct') ? call : [...call.slice(0, at), kind]).join(' ');
    const known = merged.get(place);
    merged.set(place, known ? [...known, ...call.slice(at)] : [...call]);
  }
  return [...merged.values()];
}

function missing(spec: FirewallSpec, seen: Observed): Rule[] | undefined {
  const text = seen.answer(QUESTION)?.output ?? '';
  const zone = /^zone (\S+)$/m.exec(text)?.[1];
  if (zone === undefined) return undefined;
  const wanted = [
    ...spec.ports.map((port) => ({ zone, kind: 'port', value: port, what: `open ${port}` })),
    ...spec.portsFor.map(({ source, port }) => ({
      zone,
      kind: 'rich-rule',
      value: richRule(source, port),
      what: `open ${port} to ${source}`,
    })),
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
    const always = where === 'permanent' ? ['--permanent'] : [];
    const now = { [zone]: rules(text, where, 'zone'), trusted: rules(text, where, 'trusted') };
    const forwards = spec.forwardTo
      .map((range) => ({ range, rule: `-d ${range} -j ACCEPT` }))
      .filter(({ rule }) => !now.trusted.direct.has(rule))
      .map(({ range, rule }) => ({
        what: `forward to ${range}`,
        call: [...always, '--direct', '--add-rule', 'ipv4', 'filter', 'FORWARD', '0', ...rule.split(' ')],
      }));
    const zoned = wanted
      .filter(({ zone: at, kind, value }) => !now[at]?.[RULES[kind as keyof typeof RULES]].has(value))
      .map(({ zone: at, kind, value, what }) => ({
        what,
        call: [...always, `--zone=${at}`, `--add-${kind}=${value}`],
      }));
    return [...zoned, ...forwards];
  });
}

const RULES = {
  port: 'ports',
  source: 'sources',
  interface: 'interfaces',
  'rich-rule': 'richRules',
} as const satisfies Record<string, keyof Rules>;

/** In firewalld's own words, so that it is found again: https://firewalld.org/documentation/man-pages/firewalld.richlanguage.html */
function richRule(source: string, port: string): string {
  const [number = '', protocol = ''] = port.split('/');
  return `rule family="ipv4" source address="${source}" port port="${number}" protocol="${protocol}" accept`;
}

/**
 * The zone of the node's interface, what D-Bus says of the runtime and what the XML says of the permanent
 * state, all as they come. `systemctl` first: a call over D-Bus would start a firewalld that was stopped.
 * https://firewalld.org/documentation/man-pages/firewalld.dbus.html
 */
const question = ({ ip, portsFor }: FirewallSpec): string => `
[ "$(systemctl is-active firewalld 2>/dev/null)" = active ] || exit 0
show() { while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done < "$1"; }
ask() { dbus-send --system --reply-timeout=2500 --print-reply=literal --dest=org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 "org.fedoraproject.FirewallD1$@" 2>/dev/null; }
i=$(ip -o -4 addr show to ${ip}); i=\${i#*: }; i=\${i%% *}
z=; [ -z "$i" ] || z=$(ask .zone.getZoneOfInterface string:"$i")
z=\${z##* }
[ -n "$z" ] || { z=$(ask .getDefaultZone); z=\${z##* }; }
[ -n "$z" ] || exit 1
echo "zone $z"
echo "== runtime zone ports"; ask .zone.getPorts string:"$z"
${portsFor.length === 0 ? '' : 'echo "== runtime zone rich"; ask .zone.getRichRules string:"$z"\n'}echo "== runtime trusted sources"; ask .zone.getSources string:trusted
echo "== runtime trusted interfaces"; ask .zone.getInterfaces string:trusted
echo "== runtime trusted direct"; ask .direct.getRules string:ipv4 string:filter string:FORWARD
for w in zone trusted; do
  n=$z; [ $w = zone ] || n=trusted
  f=/etc/firewalld/zones/$n.xml; [ -f "$f" ] || f=/usr/lib/firewalld/zones/$n.xml
  echo "== permanent $w"; show "$f"
done
[ ! -f /etc/firewalld/direct.xml ] || show /etc/firewalld/direct.xml`;

function rules(text: string, where: string, zone: string): Rules {
  const block = (title: string): string =>
    text
      .split(/^== /m)
      .find((part) => part.startsWith(`${title}\n`))
      ?.slice(title.length) ?? '';
  if (where === 'permanent') {
    const xml = block(`permanent ${zone}`);
    const values = (pattern: RegExp): Set<string> =>
      new Set([...xml.matchAll(pattern)].map(([, value = '']) => value));
    const own = xml.replaceAll(/<rule[ >][\s\S]*?<\/rule>/g, '');
    const ports = [...own.matchAll(/<port ([^>]*)>/g)].map(([, attributes = '']) => portOf(attributes));
    return {
      ports: new Set(ports),
      sources: values(/<source [^>]*address="([^"]*)"/g),
      interfaces: values(/<interface [^>]*name="([^"]*)"/g),
      richRules: new Set(
        [...xml.matchAll(/<rule family="ipv4">([\s\S]*?)<\/rule>/g)].flatMap(([, inside = '']) => {
          const source = /<source address="([^"]*)"\s*\/>/.exec(inside)?.[1];
          const [, attributes = ''] = /<port ([^>]*)>/.exec(inside) ?? [];
          return source === undefined || !/<accept\s*\/>/.test(inside)
            ? []
            : [richRule(source, portOf(attributes))];
        }),
      ),
      direct: values(/<rule [^>]*chain="FORWARD"[^>]*>([^<]*)</g),
    };
  }
  // Literal answers are bare words; of ports, number and protocol in turns.
  const words = (kind: string): string[] => block(`runtime ${zone} ${kind}`).match(/[^\s[\]]+/g) ?? [];
  const numbers = words('ports').filter((word) => word !== 'array');
  return {
    ports: new Set(
      numbers.flatMap((word, index) => (index % 2 === 0 ? [`${word}/${numbers[index + 1] ?? ''}`] : [])),
    ),
    sources: new Set(words('sources')),
    interfaces: new Set(words('interfaces')),
    richRules: new Set(block(`runtime ${zone} rich`).match(/rule family=.*? accept/g)),
    direct: new Set(
      [...block(`runtime ${zone} direct`).matchAll(/\[([^[\]]+)\]/g)].map(([, words = '']) =>
        words.trim().split(/\s+/).join(' '),
      ),
    ),
  };
}

/** Attributes of XML in either order: `port="111" protocol="udp"`. */
const portOf = (attributes: string): string =>
  ['port', 'protocol'].map((name) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]).join('/');
