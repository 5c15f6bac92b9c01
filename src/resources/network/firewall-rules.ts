import { type FirewalldRules, richProtocolRule, richRule } from './firewalld.ts';

export interface FirewallSpec {
  /** In the zone of the interface with the node's own address: `6443/tcp`, `30000-32767/tcp`, … */
  readonly ports: readonly string[];
  /** Ports that only some may reach: an IPv4 address or range each. */
  readonly portsFor: readonly { readonly source: string; readonly port: string }[];
  /** Protocols that have no ports, by their names in /etc/protocols, for an IPv4 address each. */
  readonly protocolsFor: readonly { readonly source: string; readonly protocol: string }[];
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

/** One rule of ours, however firewalld keeps it. */
export interface Rule {
  /** Its line in the record of the host. */
  readonly line: string;
  /** What it does, for a person. */
  readonly what: string;
  readonly isThere: (rules: FirewalldRules) => boolean;
  /** Arguments of firewall-cmd. */
  readonly call: (verb: 'add' | 'remove', zone: string) => readonly string[];
}

export const rulesOf = (spec: FirewallSpec): Rule[] => [
  ...spec.ports.map(portRule),
  ...spec.portsFor.map(({ source, port }) => portForRule(source, port)),
  ...spec.protocolsFor.map(({ source, protocol }) => protocolForRule(source, protocol)),
  ...spec.trustedSources.map(sourceRule),
  ...spec.trustedInterfaces.map(interfaceRule),
  ...spec.direct.map(directRule),
];

const portRule = (port: string): Rule => ({
  line: `port ${port}`,
  what: `open ${port}`,
  isThere: ({ ports }) => ports.has(port),
  call: (verb, zone) => [`--zone=${zone}`, `--${verb}-port=${port}`],
});

const portForRule = (source: string, port: string): Rule =>
  ruleFor(`port-for ${source} ${port}`, `open ${port} to ${source}`, richRule(source, port));

const protocolForRule = (source: string, protocol: string): Rule =>
  ruleFor(
    `protocol-for ${source} ${protocol}`,
    `open ${protocol} to ${source}`,
    richProtocolRule(source, protocol),
  );

function ruleFor(line: string, what: string, rule: string): Rule {
  return {
    line,
    what,
    isThere: ({ richRules }) => richRules.has(rule),
    call: (verb, zone) => [`--zone=${zone}`, `--${verb}-rich-rule=${rule}`],
  };
}

const sourceRule = (source: string): Rule => ({
  line: `source ${source}`,
  what: `trust ${source}`,
  isThere: ({ trustedSources }) => trustedSources.has(source),
  call: (verb) => ['--zone=trusted', `--${verb}-source=${source}`],
});

const interfaceRule = (name: string): Rule => ({
  line: `interface ${name}`,
  what: `trust ${name}`,
  isThere: ({ trustedInterfaces }) => trustedInterfaces.has(name),
  call: (verb) => ['--zone=trusted', `--${verb}-interface=${name}`],
});

const directRule = ({ what, table, chain, rule }: DirectRule): Rule => ({
  line: `direct ${table} ${chain} ${rule}`,
  what,
  isThere: ({ direct }) => direct.has(`${table} ${chain} ${rule}`),
  call: (verb) => ['--direct', `--${verb}-rule`, 'ipv4', table, chain, '0', ...rule.split(' ')],
});

const HEAD =
  '# What k8s-bootstrap has opened in firewalld. It closes what stands here and is wanted no more.\n';

export const recordText = (rules: readonly Rule[]): string =>
  HEAD +
  rules
    .map(({ line }) => `${line}\n`)
    .toSorted()
    .join('');

/** What a record names; a line that is not wholly of a known form is none of ours. */
export const recordedRules = (text: string): Rule[] => text.split('\n').flatMap((line) => parsed(line) ?? []);

function parsed(line: string): Rule | undefined {
  const [, port] = /^port (\d{1,5}(?:-\d{1,5})?\/(?:tcp|udp))$/.exec(line) ?? [];
  if (port !== undefined) return portRule(port);
  const [, client, only] = /^port-for ([\d./]{7,18}) (\d{1,5}(?:-\d{1,5})?\/(?:tcp|udp))$/.exec(line) ?? [];
  if (client !== undefined && only !== undefined) return portForRule(client, only);
  const [, peer, protocol] = /^protocol-for ([\d./]{7,18}) ([a-z][\w-]{0,30})$/.exec(line) ?? [];
  if (peer !== undefined && protocol !== undefined) return protocolForRule(peer, protocol);
  const [, source] = /^source ([\d./]{7,18})$/.exec(line) ?? [];
  if (source !== undefined) return sourceRule(source);
  const [, name] = /^interface ([\w.-]{1,15})$/.exec(line) ?? [];
  if (name !== undefined) return interfaceRule(name);
  const [, table, chain, rule] =
    /^direct (filter|nat) (FORWARD|POSTROUTING) ([\w ./!-]{1,200})$/.exec(line) ?? [];
  if (table === undefined || chain === undefined || rule === undefined) return undefined;
  return directRule({
    what: `${table} ${chain} ${rule}`,
    table: table === 'nat' ? 'nat' : 'filter',
    chain,
    rule,
  });
}
