import type { Host, Nfs, NfsExport } from '../../inventory/types.ts';
import { EXPORTS_FILE, exportTable } from '../../resources/nfs/exports.ts';
import { exportsText } from '../../resources/nfs/exports-text.ts';
import { file } from '../../resources/file.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { packagedService } from '../../resources/packaged-service.ts';
import type { Resource } from '../../resources/resource.ts';
import { selinuxBoolean } from '../../resources/selinux-boolean.ts';
import { serviceId } from '../../resources/service.ts';
import { sharedFolders } from '../../resources/nfs/shared-folder.ts';
import { sysctl } from '../../resources/sysctl.ts';
import { kernelModule } from '../../resources/system.ts';
import { factsWatches } from '../../facts/facts.ts';
import { configWatches, serverConfig } from './server-config.ts';
import type { Phase, World } from '../phase.ts';
import { systemOf } from '../../release/systems.ts';

const RPCBIND = 'rpcbind.service';
export const NFS_SERVER = 'nfs-server.service';
const LOCKD_OPTIONS = '/etc/modprobe.d/k8s-bootstrap-nfs.conf';

/** What is exported, and the services that do it: rpcbind first, then the server, as it registers there. */
export const nfsServerPhase: Phase = {
  id: 'nfs-server',
  title: 'NFS exports',
  batch: 'parallel',
  hosts: ({ inventory }) => inventory.hosts.filter(({ name }) => inventory.nfs?.hosts.includes(name)),
  watch: (world, host): Watch[] => [
    ...factsWatches(),
    ...configWatches,
    ...selinuxSwitches(exportsOf(world, host)).flatMap((name) => selinuxBoolean(name).watches),
  ],
  resources(world, host): Resource[] {
    const { nfs } = world.inventory;
    if (!nfs) return [];
    const exports = exportsOf(world, host);
    const config = configOf(world, host, nfs);
    const locks = nfs.protocol === 'all' ? lockd(nfs.ports.lockd) : [];
    const enforcing = world.facts(host.name).selinux === 'enforcing';
    return [
      ...sharedFolders(exports),
      ...config,
      file({ path: EXPORTS_FILE, content: exportsText(exports) }),
      ...locks,
      ...(enforcing ? selinuxSwitches(exports).map(selinuxBoolean) : []),
      ...(nfs.protocol === 'all' ? [packagedService({ unit: RPCBIND, restartOn: [] })] : []),
      server(
        nfs,
        [...config, ...locks].map(({ id }) => id),
      ),
      exportTable(exports, NFS_SERVER),
    ];
  },
  gates: (_world, host) => [
    {
      title: 'the NFS server runs',
      at: host.name,
      watches: [{ kind: 'unit', key: NFS_SERVER, inputs: [] }],
      judge: (seen) => {
        const state = seen.unit(NFS_SERVER)?.active ?? 'not found';
        return state === 'active' ? undefined : `${NFS_SERVER} is ${state}`;
      },
      condition: `systemctl is-active ${NFS_SERVER}`,
      timeoutSeconds: 60,
      units: [NFS_SERVER, 'nfs-mountd.service'],
    },
  ],
};

/** What a host of the inventory exports, in the order of the inventory. */
export const exportsOf = ({ inventory }: World, { name }: Host): NfsExport[] =>
  (inventory.nfs?.exports ?? []).filter(({ host }) => host === name);

/** Known when the packages are there: they decide which files are read. */
function configOf(world: World, host: Host, nfs: Nfs): Resource[] {
  const facts = world.facts(host.name);
  const seen = world.seen(host.name);
  const family = facts.family === 'debian' ? 'debian' : 'centos';
  const missing = systemOf(facts).nfsServer.find((name) => (seen?.package(name) ?? 'absent') === 'absent');
  return serverConfig(nfs, family, seen).map((resource) => ({
    ...resource,
    watches: [
      ...resource.watches,
      ...configWatches,
      ...systemOf(facts).nfsServer.map((key): Watch => ({ kind: 'package', key })),
    ],
    diff: (now, upstream) =>
      missing === undefined
        ? resource.diff(now, upstream)
        : { kind: 'unknown', summary: 'depends on how it is packaged', waitsFor: `package ${missing}` },
  }));
}

/** The lock manager is the kernel's: a module whose ports are options when it is loaded, and parameters ever after. */
const lockd = (port: number): Resource[] => [
  file({
    path: LOCKD_OPTIONS,
    content: `# Written by k8s-bootstrap.\noptions lockd nlm_tcpport=${port} nlm_udpport=${port}\n`,
  }),
  kernelModule('lockd'),
  sysctl('fs.nfs.nlm_tcpport', String(port)),
  sysctl('fs.nfs.nlm_udpport', String(port)),
];

/** Switches without which SELinux keeps the server from any folder but those labelled for it. */
const selinuxSwitches = (exports: readonly NfsExport[]): string[] => [
  exports.some(({ clients }) => clients.some(({ options }) => options.includes('rw')))
    ? 'nfs_export_all_rw'
    : 'nfs_export_all_ro',
];

const QUESTION = 'nfs-served';

/** What the kernel serves and what rpcbind knows. rpcbind is not asked when it is down: its socket would start it. */
const servedWatch: Watch = {
  kind: 'answer',
  key: QUESTION,
  slow: true,
  script: `cat /proc/fs/nfsd/versions 2>/dev/null
if [ "$(systemctl is-active ${RPCBIND} 2>/dev/null)" = active ]; then echo registered; timeout 20 rpcinfo -p; fi`,
};

const server = (nfs: Nfs, restartOn: readonly string[]): Resource =>
  packagedService({
    unit: NFS_SERVER,
    restartOn: [...restartOn, ...(nfs.protocol === 'all' ? [serviceId(RPCBIND)] : [])],
    asks: [servedWatch],
    reasons: (seen) => served(nfs, seen),
    before: [
      {
        op: 'run',
        title: 'read the configuration again',
        // On CentOS 7 this unit turns /etc/sysconfig/nfs into arguments, once, when it is started.
        script: `! systemctl cat nfs-config.service > /dev/null 2>&1 || systemctl restart nfs-config.service`,
      },
      ...(nfs.protocol === 'all'
        ? [{ op: 'unit', verb: 'restart', unit: 'rpc-statd.service' } as const]
        : []),
    ],
  });

/** Numbers of RPC programs: https://www.iana.org/assignments/rpc-program-numbers */
const PROGRAMS = { nfs: 100_003, mountd: 100_005, statd: 100_024 } as const;

/** What a server that runs does other than the inventory says. */
export function served(nfs: Nfs, seen: Observed): string[] {
  const { output = '' } = seen.answer(QUESTION) ?? {};
  const version3 = /(^|\s)([+-])3\b/m.exec(output)?.[2];
  if (nfs.protocol === 'v4') return version3 === '+' ? ['it serves version 3 too'] : [];
  const [, registered] = output.split(/^registered$/m);
  if (registered === undefined) return [];
  const known = [...registered.matchAll(/^[ \t]*(\d+)[ \t]+\d+[ \t]+(?:tcp|udp)[ \t]+(\d+)/gm)];
  const portsOf = (program: number): number[] =>
    known.filter(([, number]) => Number(number) === program).map(([, , port]) => Number(port));
  const lost = (['nfs', 'mountd'] as const).filter((name) => portsOf(PROGRAMS[name]).length === 0);
  const off = (['mountd', 'statd'] as const).flatMap((name) => {
    const other = portsOf(PROGRAMS[name]).find((port) => port !== nfs.ports[name]);
    return other === undefined ? [] : [`${name} has port ${other}, not ${nfs.ports[name]}`];
  });
  return [
    ...(version3 === '-' ? ['it does not serve version 3'] : []),
    ...(lost.length > 0 ? [`rpcbind does not know ${lost.join(' and ')}: was it restarted?`] : []),
    ...off,
  ];
}
