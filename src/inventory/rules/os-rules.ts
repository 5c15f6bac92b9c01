import { isIP, isIPv4 } from 'node:net';
import type { Rule } from './rule.ts';

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);
/** What every system has for itself. */
const OWN = /^(?:localhost(?:[46]?)(?:\.localdomain[46]?)?|ip6-.*)$/;

/** A wrong line in /etc/hosts is believed by everything on the host. */
export const namesInHostsAreValid: Rule = ({ hosts, os }, report) => {
  for (const [name, address] of Object.entries(os.hosts)) {
    const path = ['os', 'hosts', name];
    if (!NAME.test(name) || isIPv4(name))
      report.error(path, `"${name}" is not the name of a host`, { atKey: true });
    else if (OWN.test(name)) {
      report.error(path, `${name} is a name that every system has for itself`, { atKey: true });
    }
    if (isIP(address) === 0) report.error(path, `"${address}" is not an address`);
    const host = hosts.find((one) => one.name === name);
    if (os.hostsFromInventory && host && host.ip !== address) {
      report.error(path, `${name} is the host of the inventory with the address ${host.ip}`, {
        hint: 'os.hostsFromInventory writes it already; take it out here, or there.',
      });
    }
  }
};

/** chrony ends at a line that it does not understand. */
export const timeServersAreValid: Rule = ({ os }, report) => {
  os.timeServers.forEach((server, index) => {
    const path = ['os', 'timeServers', index];
    if (isIP(server) === 0 && !NAME.test(server)) {
      report.error(path, `"${server}" is neither a name nor an address`);
    } else if (os.timeServers.indexOf(server) < index) report.error(path, `${server} stands there twice`);
  });
};
