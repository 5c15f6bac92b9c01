import { contains, parseCidr } from '../../kernel/cidr.ts';
import { eachFlag } from './component-rules.ts';
import { hasRole, type Rule } from './rule.ts';

const VIP = ['apiServer', 'keepalived', 'vip'] as const;

/** It moves from host to host, so it is none's own, and no pod's or service's. */
export const vipIsFree: Rule = ({ hosts, network, apiServer: { keepalived } }, report) => {
  if (!keepalived) return;
  const { vip } = keepalived;
  const host = hosts.find(({ ip, address }) => ip === vip || address === vip);
  const range = (['podCIDR', 'serviceCIDR'] as const).find((name) => contains(parseCidr(network[name]), vip));
  if (host) {
    report.error(VIP, `${vip} is the address of ${host.name}`, {
      hint: 'Take one that no machine has: keepalived gives it to one master after another.',
    });
  } else if (range !== undefined) {
    report.error(VIP, `${vip} lies in network.${range} ${network[range]}`, {
      hint: 'Take a free address of the network that the masters are in.',
    });
  }
};

/** What is no single machine's anywhere. */
const NOBODYS = [
  ['0.0.0.0/8', 'this host itself'],
  ['127.0.0.0/8', 'each host itself'],
  ['224.0.0.0/4', 'a group of hosts (multicast)'],
  ['240.0.0.0/4', 'reserved'],
] as const;

export const vipIsAMachines: Rule = ({ apiServer: { keepalived } }, report) => {
  if (!keepalived) return;
  const found = NOBODYS.find(([range]) => contains(parseCidr(range), keepalived.vip));
  if (!found) return;
  report.error(VIP, `${keepalived.vip} is ${found[1]}, and no address that a master can have`, {
    hint: 'Take a free address of the network that the masters are in.',
  });
};

/** Users are told one address. */
export const vipIsTheEndpoint: Rule = ({ apiServer: { keepalived, endpoint, port } }, report) => {
  if (!keepalived || endpoint === undefined) return;
  if ([keepalived.vip, `${keepalived.vip}:${port}`].includes(endpoint)) return;
  report.error(
    ['apiServer', 'endpoint'],
    `${endpoint}, and with apiServer.keepalived users reach the API at ${keepalived.vip}:${port}`,
    {
      hint: 'Leave endpoint out, and put a name that leads there in certSANs; or leave keepalived out, if something else stands in front of the masters.',
    },
  );
};

/** What stands in the inventory replaces what would be told. */
export const vipIsListenedOn: Rule = (inventory, report) => {
  if (!inventory.apiServer.keepalived) return;
  eachFlag(inventory, (component, flag, value, path) => {
    if (component !== 'kube-apiserver' || flag !== 'bind-address') return;
    if (value === null || ['0.0.0.0', '::'].includes(value)) return;
    report.error(path, `an API server that listens on ${value} is not reached at apiServer.keepalived.vip`, {
      hint: 'Leave bind-address out: with keepalived it is 0.0.0.0.',
    });
  });
};

/** It may be the first of several; users then keep the address that they have. */
export const vipHasWhereToGo: Rule = ({ hosts, apiServer: { keepalived } }, report) => {
  const [first, ...others] = hosts.filter((host) => hasRole(host, 'master'));
  if (!keepalived || !first || others.length > 0) return;
  report.warning(
    ['apiServer', 'keepalived'],
    `${first.name} is the only master: the address goes nowhere else`,
    {
      atKey: true,
      hint: 'Give other hosts the role master, or leave keepalived out.',
    },
  );
};
