import { BootstrapError } from '../kernel/errors.ts';
import type { Host } from '../inventory/types.ts';
import { quotable } from '../kernel/quotable.ts';
import { quote, sh } from '../kernel/quote.ts';
import type { World } from '../phases/phase.ts';
import { type Fleet, alive, onEach, runOn } from '../run/fleet.ts';

export const REACH_CHECK = 'reachability';

/** How many of the others a host dials besides masters and etcd members: of a few hosts, each dials all. */
const NEIGHBOURS = 20;

/**
 * Hosts dial each other where sshd listens, before anything is changed: a cluster whose members do not see each other
 * comes up half and then waits. A refused connection is an answer, too. `ssh.port` is the controller's way in, which may
 * be a port that a router forwards and no host has.
 * @throws E_PREFLIGHT naming each pair that has no way
 */
export async function checkReach(fleet: Fleet, world: World): Promise<void> {
  const members = alive(fleet);
  const reached = new Set(members.map(({ name }) => name));
  const targets = world.inventory.hosts.filter(({ name }) => reached.has(name));
  const needed = targets.filter(({ roles }) => roles.includes('master') || roles.includes('etcd'));
  const blocked: string[] = [];
  await onEach(fleet, members, undefined, async (member) => {
    const at = targets.findIndex(({ name }) => name === member.name);
    const next = [...targets.slice(at + 1), ...targets.slice(0, at)].slice(0, NEIGHBOURS);
    const others = [...new Set([...needed, ...next])].filter(({ name }) => name !== member.name);
    if (others.length === 0) return;
    const result = await runOn(fleet, member, {
      script: others.map((other) => dial(other.name, other.ip, sshPort(world, other))).join('\n') + '\nwait',
      timeoutMs: 30_000,
    });
    for (const [, name = '', why = ''] of result.stdout.toString('utf8').matchAll(/^blocked (\S+) (.*)$/gm)) {
      const other = others.find((one) => one.name === name);
      if (other) blocked.push(`${member.name} cannot reach ${name} (${other.ip}): ${quotable(why)}`);
    }
  });
  if (blocked.length === 0) return;
  throw new BootstrapError('E_PREFLIGHT', `hosts do not reach each other:\n${blocked.join('\n')}`, {
    hint: `Check routes, and "ip" in the inventory: it is the address other hosts use. Nothing was changed; --ignore-preflight ${REACH_CHECK} goes on anyway.`,
  });
}

/** Where sshd listens for other hosts, by what the host itself says; 22 when something else listens for it (a socket). */
function sshPort(world: World, { name, ip }: Host): number {
  const listener = world
    .facts(name)
    .listening.find(({ process, address }) => process === 'sshd' && ['*', ip].includes(address));
  return listener?.port ?? 22;
}

/** A busy host answers late, and a packet may be lost twice: the kernel asks again after 1, 3 and 7 s. */
const PATIENCE_SECONDS = 10;

/** Side by side; bash's own /dev/tcp, for CentOS 7 has no nc. */
const dial = (name: string, ip: string, port: number): string => `{
  said=$(timeout ${PATIENCE_SECONDS} bash -c ${quote(sh`exec 3<>/dev/tcp/${ip}/${port}`)} 2>&1); code=$?
  case $code:$said in
    0:* | *refused*) ;;
    124:*) echo ${quote(`blocked ${name} no answer in ${PATIENCE_SECONDS} s`)} ;;
    *) echo ${quote(`blocked ${name}`)} "$(printf '%s' "$said" | sed -n '1s/.*: //p')" ;;
  esac
} &`;
