import { clientProblem } from '../schema/nfs-clients.ts';
import { hasRole, type Rule } from './rule.ts';

/** Exports are made on hosts of role nfs, or used on one server that is no host here. */
export const exportsHaveAServer: Rule = ({ nfs, hosts }, report) => {
  if (!nfs) {
    hosts.forEach(({ name, roles }, index) => {
      if (!roles.includes('nfs')) return;
      report.warning(['hosts', index, 'roles'], `${name} has the role nfs, and nothing is exported`, {
        hint: 'Write nfs: {exports: [{path: /nfsdata}]}.',
      });
    });
    return;
  }
  const { outside, exports } = nfs;
  const [first] = nfs.hosts;
  if (outside !== undefined && (clientProblem(outside) ?? /[/*?@]/.test(outside))) {
    report.error(['nfs', 'server'], `"${outside}" is neither a name nor an address`);
  }
  if (outside !== undefined && first !== undefined) {
    report.error(['nfs', 'server'], `${outside} is the server, but ${first} has the role nfs`, {
      hint: 'Leave server: out to export from the host, or take the role away.',
    });
    return;
  }
  if (outside === undefined && first === undefined) {
    report.error(['nfs'], 'no host has the role nfs', {
      atKey: true,
      hint: 'Give a host the role nfs, or name a server of another place by server:.',
    });
    return;
  }
  exports.forEach(({ host, path }, index) => {
    if (host === undefined || nfs.hosts.includes(host)) return;
    const at = ['nfs', 'exports', index, 'host'];
    const known = `Hosts with the role nfs: ${nfs.hosts.join(', ')}.`;
    if (host === '') report.error(at, `missing: which host exports ${path}`, { hint: known });
    else report.error(at, `${host} is no host with the role nfs`, { hint: known });
  });
};

export const helpersHavePortsOfTheirOwn: Rule = ({ nfs, hosts, network }, report) => {
  if (nfs?.outside !== undefined || nfs?.protocol === 'v4') return;
  const [from = 0, to = 0] = network.nodePortRange.split('-').map(Number);
  const isNode = hosts.some((host) => hasRole(host, 'nfs') && hasRole(host, 'master', 'worker'));
  const taken = new Map([
    [111, 'rpcbind'],
    [2049, 'nfs'],
  ]);
  for (const [name, port] of Object.entries(nfs?.ports ?? {})) {
    const at = ['nfs', 'ports', name];
    const holder = taken.get(port);
    if (holder !== undefined) report.error(at, `${port} is the port of ${holder}`);
    else if (isNode && port >= from && port <= to) {
      report.error(at, `${port} is among the node ports ${network.nodePortRange}`);
    }
    taken.set(port, name);
  }
};
