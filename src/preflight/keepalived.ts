import { contains, networkAround } from '../kernel/cidr.ts';
import { sharesAddress } from '../phases/shared/topology.ts';
import { VIP_ANSWER, vipHolders, vipLink } from '../phases/shared/vip.ts';
import { FIREWALLD_ANSWER } from '../resources/network/firewall.ts';
import { readFirewalld } from '../resources/network/firewalld.ts';
import { type Check, type Result, type Subject, error, warn } from './check.ts';

export const keepalivedCheck: Check = {
  id: 'vip',
  title: 'masters can have the address for users, and nobody else has it',
  check: (subject) => [...carriesIt(subject), ...isFree(subject), ...isOpen(subject)],
};

/** Each of them dials its own copy and is well; which one users reach is by chance. */
export const vipHoldersCheck: Check = {
  id: 'vip-holders',
  title: 'one master at a time has the address for users',
  check({ world, host }) {
    const holders = vipHolders(world).map(({ name }) => name);
    if (holders.length < 2 || holders[0] !== host.name) return [];
    return warn(
      `${holders.join(', ')} have apiServer.keepalived.vip ${world.inventory.apiServer.keepalived?.vip} at the same time`,
      'IP protocol 112 (VRRP) does not get from one to the other. Let it through in whatever filters between them; a network that carries TCP and UDP alone, as most clouds do, needs a load balancer of its own in apiServer.endpoint.',
    );
  },
};

/** An address is found by its neighbours only in a network that lies at the interface. */
function carriesIt({ world, host, facts }: Subject): Result[] {
  const { keepalived } = world.inventory.apiServer;
  if (!keepalived || !sharesAddress(world, host) || facts.addresses.length === 0) return [];
  const { vip } = keepalived;
  const link = vipLink(world.inventory, host, facts);
  const known = [...new Set(facts.addresses.map((address) => address.interface))];
  if (link === undefined || !known.includes(link)) {
    return error(
      link === undefined
        ? `no interface for apiServer.keepalived.vip ${vip} is known: none has ${host.ip}`
        : `has no interface ${link} with an address; it has ${known.join(', ')}`,
      'Name one in apiServer.keepalived.interface that all masters have.',
    );
  }
  const networks = facts.addresses
    .filter((address) => address.interface === link && address.ip !== vip)
    .map(({ ip, prefix }) => ({ ip, prefix }));
  if (networks.some(({ ip, prefix }) => contains(networkAround(ip, prefix), vip))) return [];
  return error(
    `apiServer.keepalived.vip ${vip} lies in no network of ${link} (${networks.map(({ ip, prefix }) => `${ip}/${prefix}`).join(', ')})`,
    'Take a free address of a network that all masters are in, or name its interface.',
  );
}

/** It may be a master's that has had it before this one was told of it. */
function isFree({ world, host, seen }: Subject): Result[] {
  const { hosts, apiServer } = world.inventory;
  if (!apiServer.keepalived || seen.answer(VIP_ANSWER)?.output.trim() !== 'taken') return [];
  const { vip } = apiServer.keepalived;
  const isOurs = hosts.some(
    (other) =>
      other.name !== host.name &&
      sharesAddress(world, other) &&
      world.seen(other.name)?.answer(VIP_ANSWER)?.output.trim() === 'ours',
  );
  if (isOurs) return [];
  return error(
    `somebody answers at apiServer.keepalived.vip ${vip} already`,
    `Take an address that nobody has; "ip neigh show ${vip}" on the host tells whose it is.`,
  );
}

/** Ports are opened in the zone of the host's own address, and packets of users come by the other's. */
function isOpen({ world, host, facts, seen }: Subject): Result[] {
  const { keepalived, port } = world.inventory.apiServer;
  if (!keepalived || !sharesAddress(world, host)) return [];
  const state = readFirewalld(seen.answer(FIREWALLD_ANSWER)?.output ?? '');
  const link = vipLink(world.inventory, host, facts) ?? '';
  const zone = state?.zoneOf.get(link);
  if (!state || zone === undefined || [state.zone, 'trusted'].includes(zone)) return [];
  return warn(
    `${link}, which carries apiServer.keepalived.vip ${keepalived.vip}, is in zone ${zone} of firewalld; ${port}/tcp is opened in ${state.zone} alone`,
    `Open it there, too: firewall-cmd --zone=${zone} --add-port=${port}/tcp, and the same with --permanent.`,
  );
}
