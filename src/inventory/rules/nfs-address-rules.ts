import { isIPv4 } from 'node:net';
import { hasRole, type Rule } from './rule.ts';

const NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** Nodes come to it from addresses of that network, which the exports have to let in. */
export const nfsAddressesAreUsed: Rule = ({ hosts, nfs }, report) => {
  hosts.forEach((host, index) => {
    const { name, nfsAddress } = host;
    if (nfsAddress === undefined) return;
    const path = ['hosts', index, 'nfsAddress'];
    if (!hasRole(host, 'nfs')) {
      report.error(path, `${name} exports nothing`, { atKey: true, hint: 'It takes the role nfs.' });
    } else if (/^[\d.]+$/.test(nfsAddress) ? !isIPv4(nfsAddress) : !NAME.test(nfsAddress)) {
      report.error(path, `"${nfsAddress}" is neither a name nor an IPv4 address`);
    } else if (nfs?.exports.some((entry) => entry.host === name && isOfNodes(entry.clients, hosts))) {
      report.warning(path, `the exports of ${name} let in the nodes by their own addresses`, {
        hint: 'In another network they have others: name it as nfs: {clients: [10.0.0.0/24]}.',
      });
    }
  });
};

const isOfNodes = (
  clients: readonly { readonly match: string }[],
  hosts: readonly { readonly ip: string }[],
): boolean => clients.every(({ match }) => hosts.some(({ ip }) => ip === match));
