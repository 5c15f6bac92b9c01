import { FIREWALLD } from '../../facts/facts.ts';
import { NETWORK } from '../../facts/facts-script.ts';

/** What firewalld allows in its runtime and in its permanent configuration, as far as it concerns a node. */
export interface FirewalldRules {
  /** `6443/tcp`, `30000-32767/tcp`, … of the node's zone. */
  readonly ports: ReadonlySet<string>;
  /** As firewalld writes them, of the node's zone. */
  readonly richRules: ReadonlySet<string>;
  /** Of the zone `trusted`. */
  readonly trustedSources: ReadonlySet<string>;
  readonly trustedInterfaces: ReadonlySet<string>;
  /** Direct rules as they are asked for: table, chain, arguments of iptables (`filter FORWARD -d 10.0.0.0/8 -j ACCEPT`). */
  readonly direct: ReadonlySet<string>;
}

export interface FirewalldState {
  /** The zone of the interface that carries the node's address. */
  readonly zone: string;
  /** Of interfaces by name, as far as they are in one that is named. */
  readonly zoneOf: ReadonlyMap<string, string>;
  readonly runtime: FirewalldRules;
  readonly permanent: FirewalldRules;
}

const SERVICE = 'org.fedoraproject.FirewallD1';

/**
 * A script that tells the zone of the interface with the host's own address, what D-Bus says of the runtime and what
 * the XML says of the permanent state, all as they come. Nothing is asked of one that is not active: a question would start it.
 * `active` is of zones by name, and of interfaces and sources by zone. Ports and rich rules are asked for with all else that
 * a zone has, in one question, whose answer comes with types: there is free text in it. Answers go through files: to take
 * them into variables would be a shell for each.
 * https://firewalld.org/documentation/man-pages/firewalld.dbus.html
 */
export const firewalldQuestion = `
ask() {
  dbus-send --system --reply-timeout=2500 "$form" --dest=${SERVICE} /org/fedoraproject/FirewallD1 "${SERVICE}$@" 2>/dev/null || unanswered=y
}
show() { while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done < "$1"; }
case "$running " in *' ${FIREWALLD} '*)
  command -v dbus-send > /dev/null || echo 'no dbus-send'
  form=--print-reply=literal unanswered= i= z= active= last= zone= kind=
  while read -r _ name _ address _; do case $address in "$IP" | "$IP"/*) i=$name ;; esac; done < ${NETWORK}
  ask .zone.getActiveZones > "$D.zones"
  while read -r line; do active="$active $line"; done < "$D.zones"
  set -f
  for word in $active; do
    case $last in 'entry(') case $word in interfaces | sources) kind=$word ;; *) zone=$word kind= ;; esac ;; esac
    [ "$kind $word" != "interfaces $i" ] || z=$zone
    last=$word
  done
  set +f
  [ -n "$z" ] || { ask .getDefaultZone > "$D.zones"; read -r z < "$D.zones"; }
  if [ -n "$z" ]; then
    echo "zone $z"
    echo "== active"; printf '%s\\n' "$active"
    echo "== runtime direct"; ask .direct.getAllRules
    echo "== runtime zone"; form=--print-reply; ask .getZoneSettings string:"$z"
    for w in zone trusted; do
      n=$z; [ $w = zone ] || n=trusted
      f=/etc/firewalld/zones/$n.xml; [ -f "$f" ] || f=/usr/lib/firewalld/zones/$n.xml
      echo "== permanent $w"; show "$f"
    done
    [ ! -f /etc/firewalld/direct.xml ] || show /etc/firewalld/direct.xml
  fi
  [ -z "$unanswered" ] || { echo; echo 'no answer'; }
esac`;

/** Whether firewalld could not even be asked. */
export const cannotBeAsked = (text: string): boolean => /^no dbus-send$/m.test(text);

/** What `firewalldQuestion` brought back; `undefined` when firewalld does not run, or has left a question open. */
export function readFirewalld(text: string): FirewalldState | undefined {
  if (/^no answer$/m.test(text)) return undefined;
  const zone = /^zone (\w[\w/-]*)$/m.exec(text)?.[1];
  if (zone === undefined) return undefined;
  const parts = text.split(/^== /m);
  const block = (title: string): string =>
    parts.find((part) => part.startsWith(`${title}\n`))?.slice(title.length) ?? '';
  const active = activeZones(block('active'));
  return {
    zone,
    zoneOf: new Map(
      [...active].flatMap(([key, words]) => {
        const [, name] = /^(\w[\w/-]*) interfaces$/.exec(key) ?? [];
        return name === undefined ? [] : words.map((word): [string, string] => [word, name]);
      }),
    ),
    runtime: runtimeRules(block, active),
    permanent: permanentRules(block('permanent zone'), block('permanent trusted')),
  };
}

/** Literal answers of D-Bus are bare words between brackets. */
function runtimeRules(
  block: (title: string) => string,
  active: ReadonlyMap<string, readonly string[]>,
): FirewalldRules {
  // Its lists in their order: services, ports, ICMP blocks, forwarded ports, interfaces, sources, rich rules, …
  const [, ports = '', , , , , rules = ''] = [
    ...block('runtime zone').matchAll(/^ {6}array \[\n((?: {9}.*\n)*)/gm),
  ].map(([, inside]) => inside);
  const pairs = [...ports.matchAll(/string "([^"]*)"\s+string "([^"]*)"/g)];
  return {
    ports: new Set(pairs.map(([, port = '', protocol = '']) => `${port}/${protocol}`)),
    richRules: new Set([...rules.matchAll(/^ *string "(.*)"$/gm)].map(([, rule = '']) => rule)),
    trustedSources: new Set(active.get('trusted sources')),
    trustedInterfaces: new Set(active.get('trusted interfaces')),
    direct: new Set(
      [...block('runtime direct').matchAll(/ipv4\s+(\S+\s+\S+)\s+int32\s+-?\d+\s+array \[([^[\]]*)\]/g)].map(
        ([, place = '', words = '']) => `${place} ${words}`.trim().split(/\s+/).join(' '),
      ),
    ),
  };
}

/** `dict entry( trusted array [ dict entry( sources array [ 10.0.0.0/8 ] ) ] )`: values by `trusted sources`. */
function activeZones(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let [zone, kind] = ['', ''];
  const words = text.match(/[^\s[\]()]+/g) ?? [];
  for (const [index, word] of words.entries()) {
    if (words[index - 1] === 'entry') {
      if (word === 'interfaces' || word === 'sources') kind = word;
      else [zone, kind] = [word, ''];
    } else if (kind !== '' && !['dict', 'entry', 'array'].includes(word)) {
      const key = `${zone} ${kind}`;
      const known = found.get(key);
      if (known) known.push(word);
      else found.set(key, [word]);
    }
  }
  return found;
}

function permanentRules(zone: string, trusted: string): FirewalldRules {
  const values = (xml: string, element: string, name: string): Set<string> =>
    new Set(
      [...xml.matchAll(new RegExp(`<${element} ([^<>]*)>`, 'g'))].flatMap(
        ([, attributes = '']) => attributeOf(attributes, name) ?? [],
      ),
    );
  const ownPorts = zone.replaceAll(RULE, '').matchAll(/<port ([^<>]*)>/g);
  return {
    ports: new Set([...ownPorts].map(([, attributes = '']) => portOf(attributes))),
    richRules: new Set(
      [...zone.matchAll(RULE)].flatMap(([, kind, inside = '']) =>
        kind === ' family="ipv4"' ? (plainRule(inside) ?? []) : [],
      ),
    ),
    trustedSources: values(trusted, 'source', 'address'),
    trustedInterfaces: values(trusted, 'interface', 'name'),
    // Written with the quotes that a shell would need: `'!' -d 10.0.0.0/8`.
    direct: new Set(
      [...trusted.matchAll(/<rule ([^<>]*)>([^<]*)</g)].flatMap(([, attributes = '', words = '']) =>
        attributeOf(attributes, 'ipv') !== 'ipv4'
          ? []
          : [
              ...['table', 'chain'].map((name) => attributeOf(attributes, name)),
              words.trim().replaceAll("'", ''),
            ].join(' '),
      ),
    ),
  };
}

/** A rule of a zone: what is in its tag, and what is in it. It ends before the next one begins, so each text is read once. */
const RULE = /<rule\b([^<>]*)>((?:(?!<rule\b|<\/rule>)[\s\S])*)<\/rule>/g;

/** A rule with no more in it than ours have: a destination, a limit, a mark make it narrower. */
function plainRule(inside: string): string | undefined {
  const tags = (inside.match(/<[^<>]*>/g) ?? []).toSorted().join('');
  const [, port, protocol = '', source] =
    /^<accept\s*\/><(?:port((?: (?:port|protocol)="[^"]*"){2})|protocol value="([^"]*)")\s*\/><source address="([^"]*)"\s*\/>$/.exec(
      tags,
    ) ?? [];
  if (source === undefined) return undefined;
  return port === undefined ? richProtocolRule(source, protocol) : richRule(source, portOf(port));
}

/** Attributes of XML in either order: `port="111" protocol="udp"`. */
const portOf = (attributes: string): string =>
  ['port', 'protocol'].map((name) => attributeOf(attributes, name)).join('/');

const attributeOf = (attributes: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];

/** In firewalld's own words, so that it is found again: https://firewalld.org/documentation/man-pages/firewalld.richlanguage.html */
export function richRule(source: string, port: string): string {
  const [number = '', protocol = ''] = port.split('/');
  return `rule family="ipv4" source address="${source}" port port="${number}" protocol="${protocol}" accept`;
}

/** The same for a protocol without ports, by its name in /etc/protocols. */
export const richProtocolRule = (source: string, protocol: string): string =>
  `rule family="ipv4" source address="${source}" protocol value="${protocol}" accept`;
