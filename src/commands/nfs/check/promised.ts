import { isIP, isIPv4 } from 'node:net';
import type { NfsClient, NfsExport } from '../../../inventory/types.ts';
import { contains, parseCidr } from '../../../kernel/cidr.ts';

/** What the inventory promises a host of an export. */
export interface Promised {
  /** `unknown`: only the server can tell, for there are clients that are names. */
  readonly access: 'rw' | 'ro' | 'none' | 'unknown';
  /** Whether root stays root; `undefined` when not known. */
  readonly root: boolean | undefined;
}

/** Of the clients that fit, a server takes an address or name before a range, and `*` last: exports(5). */
export function promisedTo({ clients }: Pick<NfsExport, 'clients'>, ip: string): Promised {
  const address = clients.find(({ match }) => match === ip);
  if (address) return given(address);
  if (clients.some(({ match }) => isName(match))) return { access: 'unknown', root: undefined };
  const wider =
    clients.find(({ match }) => isRange(match) && contains(parseCidr(match), ip)) ??
    clients.find(({ match }) => match === '*');
  return wider ? given(wider) : { access: 'none', root: undefined };
}

const given = ({ options }: NfsClient): Promised => ({
  access: options.includes('rw') ? 'rw' : 'ro',
  root: options.includes('no_root_squash') && !options.includes('all_squash'),
});

/** A name, `*.domain` or `@netgroup`. */
const isName = (match: string): boolean => match !== '*' && !match.includes('/') && isIP(match) === 0;

const isRange = (match: string): boolean => {
  const [address = '', bits = ''] = match.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(bits);
};
