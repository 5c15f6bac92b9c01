import { isIPv4 } from 'node:net';
import { namespaceProblem } from '../user-names.ts';
import { covers } from '../schema/nfs-clients.ts';
import { podsHaveNoToken } from './tokens.ts';
import { hasRole, type Rule } from './rule.ts';
import { didYouMean } from '../suggest.ts';

const AT = ['nfs', 'provisioner'];
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

export const provisionerHasAnExport: Rule = ({ nfs, hosts }, report) => {
  const provisioner = nfs?.provisioner;
  if (!nfs || !provisioner) return;
  const paths = nfs.exports.map(({ path }) => path);
  const used = nfs.exports.find(({ path }) => path === provisioner.export);
  if (!used) {
    const { export: path } = provisioner;
    if (path === '') report.error(AT, 'nothing is exported that it could fill', { atKey: true });
    else {
      report.error([...AT, 'export'], `${path} is not exported${didYouMean(path, paths)}`, {
        hint: `Exported are ${paths.join(', ')}.`,
      });
    }
    return;
  }
  if (nfs.outside !== undefined) return;
  if (used.clients.every(({ options }) => options.includes('ro'))) {
    report.error([...AT, 'export'], `${used.path} is exported read-only`);
  }
  // By which addresses nodes come in a network of its own is not known here.
  if (hosts.some(({ name, nfsAddress }) => name === used.host && nfsAddress !== undefined)) return;
  for (const { name, ip } of hosts.filter((host) => hasRole(host, 'master', 'worker'))) {
    if (!isIPv4(ip) || used.clients.some(({ match }) => covers(match, ip))) continue;
    report.warning([...AT, 'export'], `${name} (${ip}) is no client of ${used.path}`, {
      hint: 'Pods that come to that node cannot mount their volumes.',
    });
  }
};

export const provisionerNamesAreValid: Rule = ({ nfs, profile }, report) => {
  const provisioner = nfs?.provisioner;
  if (!provisioner) return;
  const { name, namespace, provisionerName, storageClass } = provisioner;
  const problem = namespaceProblem(namespace);
  if (problem !== undefined) {
    report.error([...AT, 'namespace'], `${JSON.stringify(namespace)} cannot be a namespace: ${problem}`);
  } else if (profile === 'cis' && namespace !== 'kube-system') {
    report.error([...AT, 'namespace'], `profile cis lets no pod mount NFS in ${namespace}`, {
      hint: 'Leave it in kube-system.',
    });
  }
  // The name is also the value of the label by which its pods are found.
  if (!DNS_NAME.test(name) || name.length > 63) {
    report.error([...AT, 'name'], `"${name}" cannot be the name of a Deployment`);
  }
  if (!/^[a-z0-9.-]{1,63}\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(provisionerName)) {
    report.error([...AT, 'provisionerName'], `"${provisionerName}" is not a name like example.com/nfs`);
  }
  if (!DNS_NAME.test(storageClass.name)) {
    report.error(
      [...AT, 'storageClass', 'name'],
      `"${storageClass.name}" cannot be the name of a StorageClass`,
    );
  }
};

export const volumesCanBeMounted: Rule = ({ nfs }, report) => {
  const options = nfs?.provisioner?.storageClass.mountOptions ?? [];
  options.forEach((option, index) => {
    if (nfs?.protocol !== 'v4' || !/^(?:nfs)?vers=[23]/.test(option)) return;
    const at = [...AT, 'storageClass', 'mountOptions', index];
    report.error(at, `${option} is not served with protocol v4`, {
      hint: 'Leave it out, or set protocol: all.',
    });
  });
};

/** It reads and writes volumes with the token of its ServiceAccount, which pods get by that admission plugin. */
export const provisionerHasAToken: Rule = (inventory, report) => {
  if (!inventory.nfs?.provisioner) return;
  const who = podsHaveNoToken(inventory);
  if (who === undefined) return;
  report.error(AT, `the provisioner needs a token, and ${who} turns ServiceAccount admission off`, {
    atKey: true,
    hint: 'Set apiServer: {extraArgs: {disable-admission-plugins: null}}, or leave the provisioner out.',
  });
};

export const mirrorsGiveAName: Rule = ({ images, profile }, report) => {
  for (const image of Object.keys(images.mirrors)) {
    const at = ['images', 'mirrors', image];
    if (image.includes('@'))
      report.error(at, `"${image}" is a digest, which no other image can be given`, { atKey: true });
  }
  if (profile === 'cis' && Object.keys(images.mirrors).length > 0) {
    report.warning(
      ['images', 'mirrors'],
      'in profile cis every pod pulls its image anew, under its own name',
      {
        hint: 'AlwaysPullImages does that: give the name of the mirror where the image is asked for.',
      },
    );
  }
};
