import type { Host } from '../../inventory/types.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { binaryPath, binaryFolder, paths, ports, users } from '../../kernel/host-paths.ts';
import { sh } from '../../kernel/quote.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import type { Resource } from '../../resources/resource.ts';
import { systemUser } from '../../resources/system.ts';
import { archiveBinary } from '../shared/binaries.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { isNode, withRole } from '../shared/topology.ts';
import { component } from '../shared/component.ts';
import { systemOf } from '../../release/systems.ts';
import { hostPackages } from '../host/packages.ts';
import { etcdData } from '../shared/data-folders.ts';
import type { Phase, World } from '../phase.ts';
import { backupTimer } from './backup-timer.ts';
import { afterStart, beforeStart } from './boot.ts';
import { promotion } from './join.ts';
import { health, healthScript, membership, membershipWatches, walFolder } from './members.ts';

const caFile = `${paths.etcdPki}/ca.crt`;
const profileScript = '/etc/profile.d/etcdctl.sh';
export const etcdPhase: Phase = {
  id: 'etcd',
  title: 'etcd',
  batch: 'rolling',
  mustStand: (members) => Math.floor(members / 2) + 1,
  joins: (world, host) => membership(world, host).is === 'joins',
  hosts: (world) => withRole(world, 'etcd'),
  // What a member was started with is kept: its text decides.
  watch: (world, host) => [
    ...membershipWatches(world, host),
    { kind: 'file', key: paths.etcdBootEnv, read: 'content' },
  ],
  resources: (world, host) => [
    ...etcdInstalled(world, host),
    file({ path: caFile, content: world.pki.trustPem('etcd'), owner: users.etcd }),
    // For root on the host, who asks the store by hand; a master has these from phase `trust`.
    ...(isNode(host) ? [] : [directory({ path: paths.kubernetes }), directory({ path: paths.pki })]),
    ...(host.roles.includes('master')
      ? []
      : [
          directory({ path: `${paths.pki}/etcd` }),
          file({ path: caFilesOf('etcd').certificate, content: world.pki.trustPem('etcd') }),
        ]),
    leaf(world, host, 'etcd-server'),
    leaf(world, host, 'etcd-peer'),
    leaf(world, host, 'etcd-healthcheck-client'),
    file({ path: profileScript, content: etcdctlEnvironment(world) }),
    ...beforeStart(world, host),
    ...component(world, host, {
      name: 'etcd',
      binary: etcdBinary(world, host),
      values: { ip: host.ip, node: host.name, data: etcdData(world.inventory) },
      context: { data: etcdData(world.inventory), wal: walFolder(world, host), started: paths.etcdStarted },
      extraArgs: world.inventory.etcd.extraArgs,
      restartOn: [leafId('etcd-server'), leafId('etcd-peer'), fileId(caFile)],
      inputs: [caFile, ...leafPaths('etcd-server'), ...leafPaths('etcd-peer')],
    }),
    afterStart(world, host),
    ...promotion(world, host),
    ...backupTimer(world),
  ],
  gates: (_world, host) => [
    {
      title: 'etcd is healthy',
      at: host.name,
      watches: [health],
      judge: (seen) => {
        const answer = seen.answer(health.key);
        return answer?.output.includes('"health":"true"')
          ? undefined
          : `no quorum yet${answer?.output ? ` (${answer.output.split('\n').at(-1) ?? ''})` : ''}`;
      },
      condition: `${healthScript} | grep -q '"health":"true"'`,
      timeoutSeconds: 90,
      units: ['etcd.service'],
    },
  ],
};

const client = leafFiles('etcd-healthcheck-client');

/** What data can be made with before anything is started: the program, its user, its folders. */
export const etcdInstalled = (world: World, host: Host): Resource[] => [
  ...(fromPackage(world, host)
    ? [hostPackages(world, host, ['etcd'])]
    : [
        systemUser({ name: users.etcd, home: paths.etcdData, comment: 'etcd' }),
        ...['etcd', 'etcdctl'].map((member) =>
          archiveBinary(
            world,
            host,
            { name: 'etcd', version: world.inventory.etcd.version },
            member,
            binaryFolder,
          ),
        ),
      ]),
  directory({ path: paths.etcdConfigFolder }),
  // Root's, as root writes there: whom a folder belongs to can put a link where a file is expected.
  directory({ path: paths.etcdPki, mode: '0750', group: users.etcd }),
  etcdFolder(world),
];

export const etcdFolder = ({ inventory }: World): Resource =>
  directory({ path: etcdData(inventory), mode: '0700', owner: users.etcd, mayBeLink: true });

/** Some systems have etcd in their repositories, as CentOS 7 in the course; elsewhere it comes from its makers' archive. */
function fromPackage(world: World, host: Host): boolean {
  const { source } = world.inventory.etcd;
  return source === 'package' || (source === 'auto' && systemOf(world.facts(host.name)).etcd === 'package');
}

const etcdBinary = (world: World, host: Host): string =>
  fromPackage(world, host) ? '/usr/bin/etcd' : binaryPath('etcd');

/** So that `etcdctl` just works for root on the host. */
function etcdctlEnvironment(world: World): string {
  const endpoints = withRole(world, 'etcd').map(({ ip }) => `https://${ip}:${ports.etcdClient}`);
  return [
    '# etcdctl for root: which members, and as whom.',
    'export ETCDCTL_API=3',
    sh`export ETCDCTL_ENDPOINTS=${endpoints.join(',')}`,
    sh`export ETCDCTL_CACERT=${caFilesOf('etcd').certificate}`,
    sh`export ETCDCTL_CERT=${client.certificate}`,
    sh`export ETCDCTL_KEY=${client.key}`,
    '',
  ].join('\n');
}
