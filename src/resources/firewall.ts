import { sh } from '../kernel/quote.ts';
import { factsOf, factsWatches } from '../facts/facts.ts';
import { firewalldQuestion, readFirewalld, richRule } from './firewalld.ts';
import type { Observed } from '../probe/observe.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Step } from './step.ts';

export interface FirewallSpec {
  /** In the zone of the interface with the node's own address: `6443/tcp`, `30000-32767/tcp`, … */
  readonly ports: readonly string[];
  /** Ports that only some may reach: an IPv4 address or range each. */
  readonly portsFor: readonly { readonly source: string; readonly port: string }[];
  /** Ranges whose traffic is let through both ways: without it FORWARD rejects what pods send. */
  readonly trustedSources: readonly string[];
  readonly trustedInterfaces: readonly string[];
  /** Rules for iptables that zones cannot express; unlike those that others set, they outlive a boot and a reload. */
  readonly direct: readonly DirectRule[];
}

export interface DirectRule {
  readonly what: string;
  readonly table: 'filter' | 'nat';
  readonly chain: string;
  /** Arguments of iptables. */
  readonly rule: string;
}

/** The answer that the rules are read from. */
export const FIREWALLD_ANSWER = 'firewalld';

/**
 * Open ports in a running firewalld, in its runtime and its permanent configuration alike, never by
 * `--reload`, which would flush the chains of docker and kube-proxy. Read over D-Bus and from the XML:
 * `firewall-cmd` takes half a second of Python for each question.
 */
export function firewall(spec: FirewallSpec): Resource {
  return {
    id: 'firewall',
    title: 'firewalld',
    watches: [
      ...factsWatches(),
      {
        kind: 'answer',
        key: FIREWALLD_ANSWER,
        script: firewalldQuestion(spec.portsFor.length > 0),
      },
    ],
    diff(seen): Change {
      const commands = missing(spec, seen);
      if (commands === undefined && factsOf(seen).firewalld) {
        const waitsFor = 'firewalld to answer dbus-send';
        return { kind: 'unknown', summary: 'not known yet', waitsFor, byItself: true };
      }
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
  const state = readFirewalld(seen.answer(FIREWALLD_ANSWER)?.output ?? '');
  if (state === undefined) return undefined;
  const { zone } = state;
  return (['runtime', 'permanent'] as const).flatMap((where) => {
    const always = where === 'permanent' ? ['--permanent'] : [];
    const add = (value: string, known: ReadonlySet<string>, what: string, ...call: string[]): Rule[] =>
      known.has(value) ? [] : [{ what, call: [...always, ...call] }];
    const rules = state[where];
    return [
      ...spec.ports.flatMap((port) =>
        add(port, rules.ports, `open ${port}`, `--zone=${zone}`, `--add-port=${port}`),
      ),
      ...spec.portsFor.flatMap(({ source, port }) => {
        const rule = richRule(source, port);
        return add(
          rule,
          rules.richRules,
          `open ${port} to ${source}`,
          `--zone=${zone}`,
          `--add-rich-rule=${rule}`,
        );
      }),
      ...spec.trustedSources.flatMap((source) =>
        add(source, rules.trustedSources, `trust ${source}`, '--zone=trusted', `--add-source=${source}`),
      ),
      ...spec.trustedInterfaces.flatMap((name) =>
        add(name, rules.trustedInterfaces, `trust ${name}`, '--zone=trusted', `--add-interface=${name}`),
      ),
      ...spec.direct.flatMap(({ what, table, chain, rule }) => {
        const call = ['--direct', '--add-rule', 'ipv4', table, chain, '0', ...rule.split(' ')];
        return add(`${table} ${chain} ${rule}`, rules.direct, what, ...call);
      }),
    ];
  });
}
