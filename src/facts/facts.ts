import type { Observed, Watch } from '../probe/observe.ts';
import { oncePer } from '../kernel/once-per.ts';
import { factsScript } from './facts-script.ts';
import { freshHosts } from './fresh-hosts.ts';

/** What a host is, as far as it decides what is wanted there or whether it can be worked on. Total: nothing is unknown. */
export interface HostFacts {
  /** `centos` stands for all of the Red Hat family. */
  readonly family: 'centos' | 'debian' | 'other';
  /** As in os-release: `centos`, `rocky`, `debian`, … */
  readonly osId: string;
  readonly osVersion: string;
  readonly prettyName: string;
  readonly packageManager: PackageManager;
  /** As `uname -m` says it: `x86_64`. */
  readonly machine: string;
  readonly kernel: string;
  readonly kernelArguments: readonly string[];
  readonly hostname: string;
  /** The name at the next boot, from /etc/hostname. */
  readonly hostnameAtBoot: string;
  readonly machineId: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** The host's clock when it was asked, in seconds since 1970 with a fraction. */
  readonly clock: number;
  /** Devices and files in use now. */
  readonly swaps: readonly string[];
  /** Devices of fstab's swap lines. */
  readonly swapsInFstab: readonly string[];
  /** `.swap` units that are enabled at boot. */
  readonly swapUnits: readonly string[];
  readonly selinux: Selinux;
  readonly selinuxAtBoot: Selinux;
  readonly firewalld: boolean;
  /** `hybrid` has the controllers of v1 and does for Kubernetes 1.16; `v2` does not. */
  readonly cgroups: 'v1' | 'v2' | 'hybrid';
  readonly addresses: readonly Address[];
  readonly routes: readonly NetworkRoute[];
  /** What is wrong with our routes to pods, as sentences; they themselves are not among `routes`. */
  readonly podRoutes: readonly string[];
  readonly defaultInterface: string | undefined;
  /** Largest packet by interface, but for those of pods. */
  readonly mtus: ReadonlyMap<string, number>;
  /** Servers of /etc/resolv.conf. */
  readonly nameservers: readonly string[];
  /** Servers that systemd-resolved asks; empty where it does not run. */
  readonly resolvedServers: readonly string[];
  /** Free space of the file system that holds /var/lib. */
  readonly diskFreeMiB: number;
  readonly listening: readonly Listener[];
  /** Options on dockerd's command line by name (`log-driver`): it refuses the same ones in daemon.json. */
  readonly dockerOptions: ReadonlyMap<string, string>;
  /** Whose host this is; `undefined` when no cluster of ours was ever on it. */
  readonly cluster: { readonly name: string; readonly ca: string | undefined } | undefined;
  /** Who holds its lock: `root@laptop (pid 12) since 2026-11-30T08:00:00Z`; `undefined` when nobody changes it. */
  readonly workedOnBy: string | undefined;
  /** Files of a Kubernetes that this program did not install; empty when the host is ours. */
  readonly foreign: readonly string[];
  /** Range that the CNI configuration gives to the host's pods. */
  readonly podRange: string | undefined;
  /** Configurations of pod networks, by path; `?` stands for what no plain name has. */
  readonly cniConfigs: readonly string[];
  /** Programs that are not there or do not answer: what they would tell is not known, and not "no". */
  readonly unanswered: readonly string[];
  /** Repository files that point at the mirrors CentOS 7 no longer has. */
  readonly deadRepositories: readonly string[];
}

export type PackageManager = 'yum' | 'dnf' | 'apt';

export type Selinux = 'enforcing' | 'permissive' | 'disabled';

export interface Address {
  readonly interface: string;
  readonly ip: string;
  readonly prefix: number;
}

export interface NetworkRoute {
  /** `10.244.1.0/24`; `0.0.0.0/0` for the default route. */
  readonly to: string;
  readonly via: string | undefined;
  readonly dev: string | undefined;
  /** Who made it: `kernel`, `static`, a number; empty when not told. */
  readonly protocol: string;
}

export interface Listener {
  /** `*` for all addresses, of IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
  /** At most 15 characters of the program's name; empty for the kernel's own. */
  readonly process: string;
}

const QUESTION = 'facts';
/** Unit of the firewall that all of the CentOS family has. */
export const FIREWALLD = 'firewalld.service';

/** The questions behind `factsOf`. */
export const factsWatches = (): Watch[] => [
  { kind: 'answer', key: QUESTION, script: factsScript },
  { kind: 'unit', key: FIREWALLD, inputs: [] },
];

/** Facts of a host from what was seen; of one that was not seen, those of a fresh CentOS 7. */
export const factsOf = (seen: Observed | undefined): HostFacts => parsed(seen ?? unseen);

/** Each phase asks for a host's facts again. */
const parsed = oncePer(parse);
const unseen = imagined('centos');

function parse(seen: Observed): HostFacts {
  const said = blocks(seen.answer(QUESTION)?.output ?? freshHosts.centos);
  const word = (key: string): string => said.get(key)?.[0] ?? '';
  const all = (key: string): readonly string[] => said.get(key) ?? [];
  const [hostname = '', kernel = '', machine = ''] = word('uname').split(' ');
  const routes = all('network').flatMap(route);
  const cluster = said.has('cluster.name')
    ? { name: word('cluster.name'), ca: word('cluster.ca') || undefined }
    : undefined;
  const managers = all('manager');
  const family = familyOf(word('id'), word('like'));
  return {
    family,
    osId: word('id'),
    osVersion: word('version'),
    prettyName: word('pretty') || 'an unknown system',
    packageManager: family === 'debian' ? 'apt' : managerOf(managers, word('version')),
    machine,
    kernel,
    kernelArguments: word('cmdline').split(' ').filter(Boolean),
    hostname,
    hostnameAtBoot: word('etcHostname'),
    machineId: word('machineId'),
    cpus: processors(word('cpus')),
    memoryMiB: Math.floor(Number.parseInt(word('memory'), 10) / 1024),
    clock: seen.clock,
    swaps: all('swap'),
    swapsInFstab: all('swapAtBoot'),
    swapUnits: [...new Set(all('swapUnit').filter((name) => SWAP_UNIT.test(name)))],
    selinux: ({ '1': 'enforcing', '0': 'permissive' } as const)[word('selinux')] ?? 'disabled',
    selinuxAtBoot: SELINUX.find((mode) => mode === word('selinuxAtBoot')) ?? 'disabled',
    firewalld: seen.unit(FIREWALLD)?.active === 'active',
    cgroups: cgroupsOf(all('cgroup')),
    addresses: all('network').flatMap(address),
    routes,
    podRoutes: all('podRoute'),
    defaultInterface: routes.find(({ to }) => to === '0.0.0.0/0')?.dev,
    mtus: new Map(all('mtu').flatMap(mtu)),
    nameservers: all('nameserver'),
    resolvedServers: all('resolved'),
    diskFreeMiB: Math.floor(Number(all('disk').at(-1)?.split(/\s+/)[3] ?? 0) / 1024),
    listening: all('listening').flatMap(listener),
    dockerOptions: new Map(all('docker').flatMap(options)),
    cluster,
    workedOnBy: word('workedOnBy') || undefined,
    foreign: cluster ? [] : all('mark'),
    podRange: /"subnet": *"([^"]+)"/.exec(word('cni'))?.[1],
    cniConfigs: all('cniConfig'),
    unanswered: [
      ...all('missing'),
      // Each prints something on every host: its own title, or loopback.
      ...(all('listening').length === 0 ? ['ss'] : []),
      ...(all('network').length === 0 ? ['ip'] : []),
      ...(all('disk').length === 0 ? ['df'] : []),
    ],
    deadRepositories: all('deadRepos'),
  };
}

/** A host as it is right after its installation, for deriving what has to be asked of any host. */
export function imagined(family: 'centos' | 'debian'): Observed {
  return {
    nonce: '',
    clock: 0,
    file: () => undefined,
    unit: () => undefined,
    package: () => undefined,
    sysctl: () => undefined,
    sysctlAtBoot: () => undefined,
    module: () => undefined,
    answer: (key) => (key === QUESTION ? { code: 0, output: freshHosts[family] } : undefined),
    object: () => undefined,
    endpoint: () => undefined,
  };
}

/** As systemd.unit(5) has names; what a host calls otherwise is no unit that could be disabled. */
const SWAP_UNIT = /^[\w:.\\@-]{1,255}[.]swap$/;

const SELINUX = ['enforcing', 'permissive', 'disabled'] as const;

/** Values by key: those of its own lines, then the lines under it. */
function blocks(output: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of output.split('\n')) {
    const [, key, value = ''] = /^== (\S+) ?(.*)$/.exec(line) ?? [];
    if (key === undefined) {
      if (line.trim() !== '') current.push(line);
      continue;
    }
    current = found.get(key) ?? [];
    if (value !== '') current.push(value);
    found.set(key, current);
  }
  return found;
}

/** Of `0-3,6`: 5. */
const processors = (ranges: string): number =>
  ranges
    .split(',')
    .filter(Boolean)
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);

function familyOf(id: string, like: string): HostFacts['family'] {
  const words = [id, ...like.split(' ')];
  if (words.some((word) => ['centos', 'rhel', 'fedora'].includes(word))) return 'centos';
  return words.includes('debian') ? 'debian' : 'other';
}

/** `yum` is another name of dnf since version 8. */
function managerOf(managers: readonly string[], version: string): PackageManager {
  if (managers.includes('yum') && Number.parseInt(version, 10) < 8) return 'yum';
  return managers.includes('dnf') ? 'dnf' : 'yum';
}

function cgroupsOf(marks: readonly string[]): HostFacts['cgroups'] {
  if (!marks.includes('memory')) return 'v2';
  return marks.includes('hybrid') ? 'hybrid' : 'v1';
}

/** `eth0 1500` */
function mtu(line: string): [string, number][] {
  const [, name, size] = /^(\S+) (\d{1,6})$/.exec(line) ?? [];
  return name === undefined ? [] : [[name, Number(size)]];
}

/** `2: eth0    inet 192.0.2.11/24 brd … scope global eth0\       valid_lft …`; point-to-point links have `peer` between. */
function address(line: string): Address[] {
  const [, name, ip, prefix = '32'] =
    /^\d+:\s+(\S+)\s+inet\s+([\d.]+)(?:\s+peer\s+[\d.]+)?(?:\/(\d+))?/.exec(line) ?? [];
  return name === undefined || ip === undefined ? [] : [{ interface: name, ip, prefix: Number(prefix) }];
}

/** `default via 192.0.2.1 dev eth0`, `10.0.0.0/8 dev eth0 scope link`, `blackhole 10.1.0.0/16`. */
function route(line: string): NetworkRoute[] {
  const [, to] =
    /^(?:(?:blackhole|unreachable|prohibit|throw|unicast)\s+)?(default|[\d.]+(?:\/\d+)?)(?:\s|$)/.exec(
      line,
    ) ?? [];
  if (to === undefined) return [];
  const after = (word: string): string | undefined => new RegExp(`\\s${word} (\\S+)`).exec(line)?.[1];
  const range = to === 'default' ? '0.0.0.0/0' : to.includes('/') ? to : `${to}/32`;
  return [{ to: range, via: after('via'), dev: after('dev'), protocol: after('proto') ?? '' }];
}

/** `LISTEN 0 128 127.0.0.1:2379 0.0.0.0:* users:(("etcd",pid=154,fd=8))`; the address may be `*`, `[::]` or `::`. */
function listener(line: string): Listener[] {
  const [, where = '', port] = /^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s/.exec(line) ?? [];
  if (port === undefined) return [];
  const bare = where.replaceAll(/^\[|\]$|%.*$/g, '').replace(/^::ffff:/, '');
  const everywhere = ['*', '0.0.0.0', '::', ''].includes(bare);
  return [
    {
      address: everywhere ? '*' : bare,
      port: Number(port),
      process: /users:\(\("([^"]*)"/.exec(line)?.[1] ?? '',
    },
  ];
}

/** Long options with their values, from unit files and the like: `--log-driver=journald`, `--exec-opt a=b`. */
const options = (line: string): [string, string][] =>
  [...line.matchAll(/--([a-z][a-z-]*)(?:[= ]([^\s"'\\$-][^\s"'\\]*))?/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
