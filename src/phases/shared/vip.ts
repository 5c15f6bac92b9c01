import type { HostFacts } from '../../facts/facts.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { quote } from '../../kernel/quote.ts';
import type { Watch } from '../../probe/observe.ts';
import type { World } from '../phase.ts';
import { sharesAddress } from './topology.ts';

export const VIP_ANSWER = 'vip';

/** The interface of a master that carries the address for users; `undefined` where none is known. */
export const vipLink = (
  { apiServer }: Inventory,
  host: Pick<Host, 'ip'>,
  facts: Pick<HostFacts, 'addresses' | 'defaultInterface'>,
): string | undefined => apiServer.keepalived?.interface ?? ownLink(host, facts);

/** The interface by which a host is reached by the others. */
export const ownLink = (
  { ip }: Pick<Host, 'ip'>,
  { addresses, defaultInterface }: Pick<HostFacts, 'addresses' | 'defaultInterface'>,
): string | undefined => addresses.find((one) => one.ip === ip)?.interface ?? defaultInterface;

/** Hosts that have the address for users, by what was seen of them: of several, none hears the others. */
export const vipHolders = oncePer((world: World): readonly Host[] => {
  const { hosts, apiServer } = world.inventory;
  return hosts.filter(({ name }) =>
    world.facts(name).addresses.some(({ ip }) => ip === apiServer.keepalived?.vip),
  );
});

/**
 * Whether somebody answers at the address, asked while this host is not set up for that one. A machine that drops pings
 * is still known by its link address; that of one which had it a minute ago is forgotten first.
 */
export function vipWatch(inventory: Inventory, host: Host): Watch[] {
  const { keepalived } = inventory.apiServer;
  if (!keepalived || !sharesAddress({ inventory }, host)) return [];
  const vip = quote(keepalived.vip);
  const line = quote(`^ *${keepalived.vip.replaceAll('.', '[.]')} `);
  const script = `if grep -qs ${line} ${paths.keepalivedConfig}; then echo ours
else
  ip -4 neigh flush to ${vip} > /dev/null 2>&1
  if timeout 3 ping -n -c 1 -W 1 ${vip} > /dev/null 2>&1; then echo taken
  else case $(ip -4 neigh show ${vip} 2> /dev/null) in *lladdr*) echo taken ;; esac; fi
fi`;
  return [{ kind: 'answer', key: VIP_ANSWER, slow: true, script }];
}
