import { dump } from 'js-yaml';
import { DEFAULT_VERSION } from '../../inventory/default-version.ts';
import type { Role } from '../../inventory/types.ts';
import type { Ranges } from './choices.ts';
import { type Settings, part } from './settings.ts';

/** A host as it is written into a new inventory. */
export interface FoundHost {
  readonly name: string;
  readonly address: string;
  /** Only when it is another one than the address. */
  readonly ip: string | undefined;
  readonly roles: readonly Role[];
  /** What it is, for a person: system, processors, memory. */
  readonly about: string;
}

export interface NewInventory {
  readonly name: string;
  readonly hosts: readonly FoundHost[];
  readonly ranges: Ranges;
  /** Networks the ranges were chosen around. */
  readonly networks: readonly string[];
  /** Taken over from another inventory, and the way to log in. */
  readonly settings: Settings;
  /** What hosts have for themselves, as comments. */
  readonly left: Settings;
}

/** The text of a new inventory: short, commented, complete. */
export function inventoryText({ name, hosts, ranges, networks, settings, left }: NewInventory): string {
  const ssh = part(settings, 'ssh');
  const others = Object.fromEntries(
    Object.entries(settings).filter(([key]) => !['kubernetes', 'ssh', 'network'].includes(key)),
  );
  // By name, so that a newer program does not take the cluster to another version.
  const kubernetes = { version: DEFAULT_VERSION, ...part(settings, 'kubernetes') };
  const network = { ...ranges, ...part(settings, 'network') };
  const sections = [
    [
      '# Written by "k8s-bootstrap init" from what it found on the hosts. Change what you like, then look at',
      '# "k8s-bootstrap plan" and let "k8s-bootstrap up" do it. All settings: "k8s-bootstrap schema".',
      yaml({ name, kubernetes }),
    ],
    Object.keys(ssh).length === 0
      ? []
      : ['# How to log in; a host can have an ssh of its own.', yaml({ ssh })],
    ['hosts:', ...hosts.map(hostText), ...adviceOn(hosts)],
    [
      `# For services and pods: ranges that nobody else uses${networks.length === 0 ? '' : ` (the hosts know ${some(networks)})`}.`,
      yaml({ network }),
    ],
    Object.keys(others).length === 0 ? [] : [yaml(others)],
    Object.keys(left).length === 0
      ? []
      : [
          '# Found on some of the hosts, which keep it. Without the # all get it.',
          ...yaml(left)
            .split('\n')
            .map((line) => `# ${line}`),
        ],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function hostText({ name, address, ip, roles, about }: FoundHost): string {
  return [
    `  # ${oneComment(about)}`,
    `  - name: ${scalar(name)}`,
    `    address: ${scalar(address)}`,
    ...(ip === undefined ? [] : [`    ip: ${scalar(ip)} # how the other hosts reach it`]),
    `    roles: [${roles.join(', ')}]`,
  ].join('\n');
}

function adviceOn(hosts: readonly FoundHost[]): string[] {
  const masters = hosts.filter(({ roles }) => roles.includes('master')).length;
  if (masters > 1) {
    return [
      '# Nodes reach all masters by a balancer of their own. So that users do, too, while the first is away: an address that',
      '# moves, apiServer: { keepalived: { vip: ADDRESS } }, or a load balancer, apiServer: { endpoint: HOST:PORT }. With',
      '# roles [master, etcd, worker] masters take pods as well.',
    ];
  }
  if (hosts.length < 3) {
    return ['# A worker more is an entry more: { name: NAME, address: ADDRESS, roles: [worker] }.'];
  }
  return [
    '# To survive the loss of a master, give three hosts "roles: [master, etcd]" (add worker, so that they take pods',
    '# too). For users outside name an address that moves, apiServer: { keepalived: { vip: ADDRESS } }, or a load',
    '# balancer, apiServer: { endpoint: HOST:PORT }.',
  ];
}

const some = (networks: readonly string[]): string =>
  networks.length > 4 ? `${networks.slice(0, 4).join(', ')}, …` : networks.join(', ');

const yaml = (value: object): string => dump(value, { lineWidth: 100 }).trimEnd();

/** A value on one line, quoted where YAML would read something else. */
const scalar = (text: string): string => dump(text, { lineWidth: -1 }).trimEnd();

/** What comes from a host must not leave the comment. */
const oneComment = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
