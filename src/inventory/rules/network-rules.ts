import { isIPv4 } from 'node:net';
import { contains, overlaps, parseCidr, type Range } from '../../kernel/cidr.ts';
import { ports } from '../../kernel/host-paths.ts';
import { hasRole, type Rule } from './rule.ts';

export const rangesAreApart: Rule = ({ network, hosts }, report) => {
  const service = parseCidr(network.serviceCIDR);
  const pods = parseCidr(network.podCIDR);
  if (overlaps(service, pods)) {
    const message = `${network.podCIDR} overlaps serviceCIDR ${network.serviceCIDR}`;
    report.error(['network', 'podCIDR'], message, { hint: 'Pods and services need ranges of their own.' });
  }
  const inside = (range: Range, cidr: string, what: string): void => {
    const within = hosts.filter(({ ip }) => isIPv4(ip) && contains(range, ip));
    const [first] = within;
    if (!first) return;
    const more = within.length - 1;
    const others = more === 0 ? '' : ` and ${more} more host${more === 1 ? '' : 's'}`;
    const message = `${cidr} contains the address ${first.ip} of ${first.name}${others}`;
    report.error(['network', what], message, { hint: `Choose a range that no machine of the network uses.` });
  };
  inside(service, network.serviceCIDR, 'serviceCIDR');
  inside(pods, network.podCIDR, 'podCIDR');
};

/** The apiserver takes at most 20 bits for services; the first address is its own, the 10th DNS's. */
export const serviceRangeHasASize: Rule = ({ network }, report) => {
  const { prefix } = parseCidr(network.serviceCIDR);
  const path = ['network', 'serviceCIDR'];
  if (prefix < 12)
    report.error(path, `${network.serviceCIDR} is larger than kube-apiserver takes`, {
      hint: 'Use /12 or less.',
    });
  if (prefix > 27)
    report.error(path, `${network.serviceCIDR} has too few addresses for services`, {
      hint: 'Use /27 or more.',
    });
};

export const dnsIsAService: Rule = ({ network }, report) => {
  const range = parseCidr(network.serviceCIDR);
  if (network.dnsIP === '') return; // the range is too small for a default, which has its own error
  const path = ['network', 'dnsIP'];
  const { dnsIP, serviceCIDR } = network;
  if (!contains(range, dnsIP)) report.error(path, `${dnsIP} is outside serviceCIDR ${serviceCIDR}`);
  else if (contains({ ...range, last: range.first + 1 }, dnsIP)) {
    report.error(path, `${dnsIP} is taken: the first address of serviceCIDR belongs to the apiserver`);
  }
};

export const everyNodeGetsAPodRange: Rule = ({ network, hosts }, report) => {
  const { prefix } = parseCidr(network.podCIDR);
  const path = ['network', 'nodePrefix'];
  if (network.nodePrefix < prefix) {
    report.error(path, `a /${network.nodePrefix} for each node does not fit into podCIDR ${network.podCIDR}`);
    return;
  }
  const nodes = hosts.filter((host) => hasRole(host, 'master', 'worker')).length;
  const ranges = 2 ** (network.nodePrefix - prefix);
  if (nodes > ranges) {
    const message = `podCIDR ${network.podCIDR} has ${ranges} ranges of /${network.nodePrefix}, too few for ${nodes} nodes`;
    report.error(path, message, { hint: 'Take a larger podCIDR or a longer nodePrefix.' });
  }
};

export const nodePortsAreARange: Rule = ({ network, apiServer }, report) => {
  const [from = 0, to = 0] = network.nodePortRange.split('-').map(Number);
  const path = ['network', 'nodePortRange'];
  if (from < 1 || to > 65_535 || from > to)
    report.error(path, `"${network.nodePortRange}" is not a range of ports`);
  else if (apiServer.port >= from && apiServer.port <= to) {
    report.error(path, `${network.nodePortRange} contains the apiserver's port ${apiServer.port}`);
  } else if (apiServer.balancer === 'local' && ports.balancer >= from && ports.balancer <= to) {
    report.error(path, `${network.nodePortRange} contains the balancer's port ${ports.balancer}`);
  }
};

export const flannelIsUsed: Rule = ({ network }, report) => {
  const { cni, flannel, nodePortRange } = network;
  if (!flannel) return;
  if (cni !== 'flannel') {
    report.error(['network', 'flannel'], `nothing reads it: network.cni is ${cni}`, {
      atKey: true,
      hint: 'Set network.cni: flannel, or leave flannel out.',
    });
    return;
  }
  const [from = 0, to = 0] = nodePortRange.split('-').map(Number);
  if (flannel.backend === 'vxlan' && flannel.port >= from && flannel.port <= to) {
    report.error(['network', 'flannel', 'port'], `${flannel.port} is among the node ports ${nodePortRange}`);
  }
};

const NAME = /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;
const isNameOrIp = (text: string): boolean =>
  /^[\d.]+$/.test(text) ? isIPv4(text) : NAME.test(text) && text.length <= 253;

export const apiServerNamesAreValid: Rule = ({ apiServer }, report) => {
  apiServer.certSANs.forEach((name, index) => {
    if (isNameOrIp(name)) return;
    report.error(['apiServer', 'certSANs', index], `"${name}" is neither a DNS name nor an IPv4 address`);
  });
  if (apiServer.endpoint === undefined) return;
  const [, host = '', port = '6443'] = /^([^:*]+)(?::(\d{1,5}))?$/.exec(apiServer.endpoint) ?? [];
  if (isNameOrIp(host) && Number(port) >= 1 && Number(port) <= 65_535) return;
  report.error(['apiServer', 'endpoint'], `"${apiServer.endpoint}" is not a host or host:port`, {
    hint: 'Write it without https://, like api.example.com:6443.',
  });
};

/** Nodes dial the endpoint themselves, unless each has a balancer of its own: at their own loopback nobody answers. */
export const endpointIsReached: Rule = ({ hosts, apiServer }, report) => {
  if (apiServer.balancer === 'local') return;
  const name = apiServer.endpoint?.replace(/:\d+$/, '') ?? '';
  if (!/^(?:127\.[\d.]+|0\.0\.0\.0|localhost)$/i.test(name)) return;
  const masters = hosts.filter((host) => hasRole(host, 'master'));
  const worker = hosts.find((host) => hasRole(host, 'worker') && !hasRole(host, 'master'));
  if (!worker) return;
  const [first] = masters;
  report.error(
    ['apiServer', 'endpoint'],
    `${apiServer.endpoint} is each host itself: ${worker.name} would look for the API server on its own`,
    {
      hint:
        masters.length === 1 && first
          ? `Leave it out: ${first.ip}:${apiServer.port} of ${first.name} is then taken.`
          : 'Write the address of a load balancer in front of the masters, or leave it out: each node then has one of its own.',
    },
  );
};

/** A balancer that is said to be somewhere has an address; and nodes with none survive no first master. */
export const balancerIsReached: Rule = ({ hosts, apiServer: { balancer, endpoint } }, report) => {
  const path = ['apiServer', 'balancer'];
  if (balancer === 'external' && endpoint === undefined) {
    report.error(path, 'external, and apiServer.endpoint does not say where it is', {
      hint: 'Set apiServer.endpoint to its address, or take local: a balancer on every node.',
    });
  }
  const [first, ...others] = hosts.filter((host) => hasRole(host, 'master'));
  if (balancer !== 'none' || !first || others.length === 0) return;
  report.warning(path, `none: no other node can do without ${first.name}, the first of the masters`, {
    hint: 'Take local: a balancer on every node.',
  });
};

/** Ports that something else has on every master. */
export const apiServerPortIsItsOwn: Rule = ({ hosts, apiServer, network, profile, nfs }, report) => {
  const masters = hosts.filter((host) => hasRole(host, 'master'));
  const etcd = masters.some((host) => hasRole(host, 'etcd'));
  const serves = nfs !== undefined && masters.some((host) => hasRole(host, 'nfs'));
  const owners: readonly (readonly [port: number, owner: string])[] = [
    [ports.kubelet, 'kubelet'],
    [ports.kubeletHealth, 'kubelet'],
    [ports.kubeProxyMetrics, 'kube-proxy'],
    [ports.kubeProxyHealth, 'kube-proxy'],
    ...(network.cni === 'flannel' ? ([[ports.flanneldHealth, 'flanneld']] as const) : []),
    [ports.controllerManager, 'kube-controller-manager'],
    [ports.scheduler, 'kube-scheduler'],
    ...(apiServer.balancer === 'local' ? ([[ports.balancer, 'the balancer']] as const) : []),
    ...(etcd
      ? ([
          [ports.etcdClient, 'etcd'],
          [ports.etcdPeer, 'etcd'],
        ] as const)
      : []),
    ...(profile === 'course'
      ? ([[ports.apiServerInsecure, 'the API server without authentication']] as const)
      : []),
    ...(serves
      ? ([
          [ports.rpcbind, 'rpcbind'],
          [ports.nfs, 'NFS'],
        ] as const)
      : []),
    // Behind a tunnel another port is dialled; then this one is nobody's.
    ...masters.filter(({ address, ip }) => address === ip).map(({ ssh }) => [ssh.port, 'sshd'] as const),
  ];
  const owner = owners.find(([port]) => port === apiServer.port)?.[1];
  if (owner === undefined) return;
  report.error(['apiServer', 'port'], `port ${apiServer.port} of a master belongs to ${owner}`, {
    hint: `Take another, like ${ports.apiServer}.`,
  });
};
