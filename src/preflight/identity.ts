import { someOf } from '../kernel/some-of.ts';
import { keyIdOf, readCertificate } from '../pki/read-certificate.ts';
import { MANIFEST, isDamaged } from '../resources/manifest.ts';
import { leafFiles } from '../phases/shared/certificates.ts';
import { startedRange } from '../phases/shared/service-range.ts';
import { serviceIp } from '../phases/shared/topology.ts';
import { missingUsers } from './missing-users.ts';
import { type Check, type Result, type Subject, error, fixedByUp, warn } from './check.ts';

/** Whose host it is, and whether it can be told from the others. */
export const identityChecks: readonly Check[] = [
  {
    id: 'foreign-host',
    title: 'no other cluster is on the host',
    check({ world, facts, seen }) {
      const { cluster, foreign } = facts;
      // A disk that was kept from an earlier cluster, where the inventory puts the data: it would come alive.
      if (!cluster && seen.answer('etcd-data')?.output === 'yes') {
        return error(
          'has the data of an etcd that was not made by this program',
          `Move it away if nobody needs it, or take another folder (etcd.dataDir). Otherwise ${OTHERWISE}`,
        );
      }
      const { name } = world.inventory;
      if (!cluster) {
        return foreign.length === 0
          ? []
          : error(
              `has a Kubernetes that was not made by this program (${foreign.slice(0, 3).join(', ')})`,
              `Remove it by its own means ("kubeadm reset" if kubeadm made it), or ${OTHERWISE}`,
            );
      }
      if (cluster.name !== name)
        return error(`belongs to the cluster "${cluster.name}", not to "${name}"`, OURS);
      const keyId = world.pki.caKeyId('cluster');
      // An authority that has handed over is still one of this cluster's.
      const former = world.pki.trusted('cluster').map((pem) => keyIdOf(readCertificate(pem)));
      if (keyId === undefined || [keyId, ...former].some((own) => own === cluster.ca)) return [];
      return error(
        `belongs to another cluster "${name}", whose CA has the key ${cluster.ca ?? 'unknown'}`,
        OURS,
      );
    },
  },
  {
    id: 'state-missing',
    title: 'the state folder belongs to the cluster on the host',
    check(subject) {
      const { world, facts } = subject;
      const { name } = world.inventory;
      const missing = world.pki.missing();
      if (facts.cluster?.name !== name) return [];
      if (missing.length === 0) return missingUsers(subject);
      const what = world.pki.exists() ? `${missing.join(', ')} of its keys` : 'its keys';
      return error(
        `the cluster "${name}" lives on this host, and ${what} are not in the state folder`,
        'Bring back the state folder (.k8s-bootstrap beside the inventory) from a backup, or run "k8s-bootstrap adopt": it reads what is missing from the masters. Made anew, they would make Secrets unreadable and tokens invalid.',
      );
    },
  },
  {
    id: 'service-range',
    title: 'the range of services is the one the cluster was made with',
    check: serviceRange,
  },
  {
    id: 'manifest',
    title: 'the list of files that were written is whole',
    check: ({ seen }) =>
      isDamaged(seen)
        ? error(
            `${MANIFEST} is empty or damaged`,
            'It tells our files from yours. Bring it back from a backup of the host, or remove it: what was written so far then counts as yours, and --prune leaves it where it is.',
          )
        : [],
  },
  {
    id: 'machine-id',
    title: 'every host has a machine id of its own',
    check({ twins }) {
      const clones = twins('machineId');
      if (clones.length === 0) return [];
      return warn(
        `has the same machine id as ${someOf(clones)}`,
        'Clones of one image: remove /etc/machine-id, run systemd-machine-id-setup and boot again.',
      );
    },
  },
  {
    id: 'hostname',
    title: 'every host has a name of its own',
    check({ world, host, facts, twins }) {
      if (facts.hostname === host.name || facts.hostname === '') return [];
      if (host.setHostname) return fixedByUp(`is called ${facts.hostname}, becomes ${host.name}`);
      if (world.inventory.profile === 'cis') {
        return error(
          `is called ${facts.hostname}, its node ${host.name}: profile cis allows no other name`,
          'Set setHostname: true, or give the host that name.',
        );
      }
      const namesakes = twins('hostname');
      if (namesakes.length === 0) return [];
      return warn(
        `is called ${facts.hostname} as ${someOf(namesakes)} is`,
        'Set setHostname: true, so that logs and prompts tell them apart.',
      );
    },
  },
];

const OTHERWISE = 'install the host anew, or use another one; nothing was touched.';

/** Whoever has the state folder has the cluster, and can take the host out of it. */
const OURS = `To go on with that cluster, use the inventory that made it, with its state folder (.k8s-bootstrap) beside it. To have the host for this one, run "k8s-bootstrap reset --limit HOST" with that inventory; or ${OTHERWISE}`;

/** The certificate of a living API server names its own address as a service: the first of the range. */
function serviceRange({ world, host, facts, seen }: Subject): Result[] {
  if (facts.cluster?.name !== world.inventory.name || !host.roles.includes('master')) return [];
  const { serviceCIDR } = world.inventory.network;
  const started = startedRange(seen);
  if (started !== undefined && started !== serviceCIDR) {
    return error(
      `network.serviceCIDR is ${serviceCIDR}, and the API server here was started with ${started}`,
      ANOTHER_RANGE,
    );
  }
  const file = seen.file(leafFiles('apiserver').certificate);
  const named = namedAddresses(file?.type === 'file' ? file.content?.toString('latin1') : undefined);
  if (named.length === 0 || named.includes(serviceIp(world))) return [];
  return error(
    `network.serviceCIDR is ${serviceCIDR}, and the API server that was made here names ${named.join(', ')}, not ${serviceIp(world)}`,
    ANOTHER_RANGE,
  );
}

const ANOTHER_RANGE =
  'Services keep the addresses that they have, and the API server would repair none of them. Write the range that the cluster was made with. For another one, make a new cluster; or delete and make anew every Service, default/kubernetes too, and each pod that knows the address of DNS, with --ignore-preflight service-range.';

function namedAddresses(pem: string | undefined): readonly string[] {
  try {
    return pem === undefined ? [] : readCertificate(pem).ips;
  } catch {
    return []; // what is no certificate is made anew
  }
}
