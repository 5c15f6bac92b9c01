import { isIPv4 } from 'node:net';
import { SUBDOMAIN, isLabelValue, isQualifiedName } from '../../kernel/qualified-name.ts';
import { IPV6_HINT } from '../schema/fields.ts';
import type { Path } from '../problem.ts';
import { hasRole, type Report, type Rule } from './rule.ts';
import { didYouMean } from '../suggest.ts';
import type { Host } from '../types.ts';

const HOST_NAME = new RegExp(SUBDOMAIN.source, 'i');

export const nodeNamesAreValid: Rule = ({ hosts }, report) => {
  hosts.forEach(({ name }, index) => {
    // 63: the name becomes the value of the label kubernetes.io/hostname
    if (SUBDOMAIN.test(name) && name.length <= 63) return;
    const hint =
      'Use lower-case letters, digits, "-" and ".", at most 63, beginning and ending with a letter or digit.';
    report.error(['hosts', index, 'name'], `"${name}" cannot be the name of a node`, { hint });
  });
};

export const addressesAreValid: Rule = ({ hosts }, report) => {
  hosts.forEach(({ name, address, ip }, index) => {
    checkDialled(address, ['hosts', index, 'address'], report);
    const path = ['hosts', index, 'ip'];
    if (ip.includes(':')) report.error(path, `"${ip}" is IPv6`, { hint: IPV6_HINT });
    else if (ip !== '' && !isUsable(ip)) report.error(path, `"${ip}" is not the IPv4 address of a host`);
    else if (ip === '' && HOST_NAME.test(address) && !looksLikeIp(address)) {
      report.error(path, `missing, because the address of ${name} is the name ${address}`, {
        hint: 'Give the IPv4 address under which the other hosts reach it.',
      });
    }
  });
};

function checkDialled(address: string, path: Path, report: Report): void {
  if (address.includes(':')) {
    const hint = isIPv4(address.split(':')[0] ?? '') ? 'Write the port as ssh: {port: …}.' : IPV6_HINT;
    report.error(path, `"${address}" is neither a name nor an IPv4 address`, { hint });
  } else if (isIPv4(address)) {
    return; // also 127.0.0.1: the near end of a tunnel, to a host whose ip is another
  } else if (looksLikeIp(address) || !HOST_NAME.test(address) || address.length > 253) {
    const hint = remedyOf(address);
    report.error(
      path,
      `"${address}" is neither a name nor an IPv4 address`,
      hint === undefined ? {} : { hint },
    );
  }
}

const looksLikeIp = (text: string): boolean => /^[\d.]+$/.test(text);

/** What stands around an address is a setting of its own, or none. */
function remedyOf(address: string): string | undefined {
  const [, user, host = ''] = /^([a-z_][\w-]*)@(.+)$/i.exec(address) ?? [];
  if (user !== undefined) return `Write ${host}, and the user as ssh: {user: ${user}}.`;
  const [, bare = ''] = /^([\d.]+)\/\d+$/.exec(address) ?? [];
  return isIPv4(bare) ? `Write ${bare}, without the length of its network.` : undefined;
}

/** An address a host can have towards others: not 0.x, loopback, link-local, multicast or broadcast. */
const isUsable = (ip: string): boolean => isIPv4(ip) && !/^(?:0|127|169\.254|22[4-9]|2[3-5]\d)\./.test(ip);

export const hostsAreDistinct: Rule = ({ hosts }, report) => {
  const names = new Map<string, Host>();
  const dialled = new Map<string, Host>();
  const ips = new Map<string, Host>();
  const claim = (seen: Map<string, Host>, key: string, host: Host): Host | undefined => {
    const holder = seen.get(key);
    if (!holder) seen.set(key, host);
    return holder;
  };
  hosts.forEach((host, index) => {
    const { name, address, ip, ssh } = host;
    if (claim(names, name, host)) report.error(['hosts', index, 'name'], `two hosts are called ${name}`);
    const other = claim(dialled, `${address}:${ssh.port}`, host);
    if (other)
      report.error(['hosts', index, 'address'], `${address} is the address of ${other.name} already`);
    const node = ip === '' ? undefined : claim(ips, ip, host);
    if (node && !other)
      report.error(['hosts', index, 'ip'], `${ip} is the node address of ${node.name} already`);
  });
};

export const thereIsAMaster: Rule = ({ hosts }, report) => {
  if (hosts.some((host) => hasRole(host, 'master'))) return;
  report.error(['hosts'], 'no host is a master', {
    atKey: true,
    hint: 'Give one host, or three, the role master.',
  });
};

/** @see https://etcd.io/docs/v3.3/faq/ on even numbers of members */
export const etcdHasAQuorum: Rule = ({ hosts, etcd }, report) => {
  if (etcd.outside) return;
  const members = hosts.filter((host) => hasRole(host, 'etcd'));
  if (members.length === 0) {
    const masters = hosts.filter((host) => hasRole(host, 'master')).map(({ name }) => name);
    const hint =
      masters.length === 0
        ? 'Give one host, or three, the role etcd.'
        : `Add the role etcd to ${masters.join(', ')}.`;
    report.error(['hosts'], 'no host runs etcd', { atKey: true, hint });
  } else if (members.length % 2 === 0) {
    const [n, fewer] = [members.length, members.length - 1];
    const survived = n === 2 ? 'no failure' : `the failure of ${n / 2 - 1}`;
    const message = `${n} hosts run etcd (${names(members)}), which survives ${survived}, just as ${fewer} would`;
    report.warning(['hosts'], message, { atKey: true, hint: `Use ${fewer} or ${n + 1}.` });
  }
};

const names = (hosts: readonly Host[]): string => hosts.map(({ name }) => name).join(', ');

export const jumpsLeadSomewhere: Rule = ({ hosts }, report) => {
  const byName = new Map(hosts.map((host) => [host.name, host]));
  hosts.forEach((host, index) => {
    const path = ['hosts', index, 'ssh', 'jump'];
    const { jump } = host.ssh;
    if (jump && 'address' in jump) {
      checkDialled(jump.address, [...path, 'address'], report);
      return;
    }
    if (jump && !byName.has(jump.host)) {
      const message = `no host "${jump.host}" to go through${didYouMean(jump.host, byName.keys())}`;
      report.error(path, message, { hint: 'A host outside the inventory is written {address: …}.' });
      return;
    }
    const way = jumpChain(host, byName);
    if (way.length > 1 && way.at(-1) === host.name)
      report.error(path, `the way to ${host.name} goes in a circle: ${way.join(' → ')}`);
  });
};

/** Names from a host along its jumps, up to the first that comes again. */
function jumpChain(host: Host, byName: ReadonlyMap<string, Host>): string[] {
  const way = [host.name];
  for (let current: Host | undefined = host; current;) {
    const jump: Host['ssh']['jump'] = current.ssh.jump;
    if (!jump || !('host' in jump)) break;
    const again = way.includes(jump.host);
    way.push(jump.host);
    current = again ? undefined : byName.get(jump.host);
  }
  return way;
}

export const labelsAndTaintsAreValid: Rule = ({ hosts }, report) => {
  hosts.forEach(({ labels, taints }, index) => {
    for (const [key, value] of Object.entries(labels)) {
      const path = ['hosts', index, 'labels', key];
      if (!isQualifiedName(key))
        report.error(path, `"${key}" is not a label key`, { atKey: true, hint: KEY_HINT });
      if (!isLabelValue(value)) report.error(path, `"${value}" is not a label value`, { hint: VALUE_HINT });
    }
    taints.forEach(({ key, value }, position) => {
      const path = ['hosts', index, 'taints', position];
      if (!isQualifiedName(key)) report.error(path, `"${key}" is not a taint key`, { hint: KEY_HINT });
      if (!isLabelValue(value)) report.error(path, `"${value}" is not a taint value`, { hint: VALUE_HINT });
    });
  });
};

const KEY_HINT =
  'A key is name or prefix/name: letters, digits, "-", "_" and ".", at most 63; the prefix a domain.';
const VALUE_HINT = 'A value has letters, digits, "-", "_" and ".", at most 63, or is empty.';
