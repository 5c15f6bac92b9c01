import { isIPv4 } from 'node:net';
import { hasRole, type Rule } from './rule.ts';

/** Where somebody else runs etcd, no host does, and nothing is said of how one would. */
export const oneStoreIsEnough: Rule = ({ hosts, etcd }, report) => {
  if (!etcd.outside) return;
  hosts.forEach((host, index) => {
    if (!hasRole(host, 'etcd')) return;
    report.error(
      ['hosts', index, 'roles'],
      `${host.name} has the role etcd, and etcd.endpoints names another store`,
      { hint: 'A cluster has one: take the role away, or etcd.endpoints.' },
    );
  });
  for (const flag of Object.keys(etcd.extraArgs)) {
    report.error(['etcd', 'extraArgs', flag], 'etcd is not started by this program', {
      atKey: true,
      hint: 'Whoever runs the etcd of etcd.endpoints sets its flags.',
    });
  }
};

/** https://github.com/kubernetes/kubernetes/issues/83028 */
export const namesOfEtcdAreFew: Rule = ({ etcd }, report) => {
  const { endpoints = [] } = etcd.outside ?? {};
  const twice = endpoints.findIndex((endpoint, index) => endpoints.indexOf(endpoint) < index);
  if (twice >= 0) report.error(['etcd', 'endpoints', twice], `${endpoints[twice] ?? ''} stands there twice`);
  const named = endpoints.findIndex((endpoint) => !isIPv4(new URL(endpoint).hostname));
  if (endpoints.length < 2 || named < 0) return;
  report.warning(
    ['etcd', 'endpoints', named],
    `${endpoints[named] ?? ''} is a name: an API server of 1.16 may not go on to the next endpoint when this one fails`,
    {
      hint: 'It verifies all of them by the name of the first. Write addresses, which the certificates name.',
    },
  );
};
