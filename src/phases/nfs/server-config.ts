import type { Nfs } from '../../inventory/types.ts';
import { file } from '../../resources/file.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import type { Resource } from '../../resources/resource.ts';

/**
 * Where the daemons of a server read their ports. nfs-utils has nfs.conf since 2.1.1; before, units get their arguments
 * from files of variables: one on CentOS 7, two on Debian 11. Which it is shows by the files that the package brings.
 * https://man7.org/linux/man-pages/man5/nfs.conf.5.html
 */
interface VariableFile {
  readonly path: string;
  /** Variable by the daemon that gets it as arguments. */
  readonly variables: Readonly<Partial<Record<'nfsd' | 'mountd' | 'statd', string>>>;
}

const NFS_CONF = '/etc/nfs.conf';
export const OWN_NFS_CONF = '/etc/nfs.conf.d/k8s-bootstrap.conf';

const CENTOS: readonly VariableFile[] = [
  {
    path: '/etc/sysconfig/nfs',
    variables: { nfsd: 'RPCNFSDARGS', mountd: 'RPCMOUNTDOPTS', statd: 'STATDARG' },
  },
];
const DEBIAN: readonly VariableFile[] = [
  {
    path: '/etc/default/nfs-kernel-server',
    variables: { nfsd: 'RPCNFSDOPTS', mountd: 'RPCMOUNTDOPTS' },
  },
  { path: '/etc/default/nfs-common', variables: { statd: 'STATDOPTS' } },
];

/** Files that decide which of the styles a host has, and what others have written into them. */
export const configWatches: readonly Watch[] = [
  { kind: 'file', key: NFS_CONF, read: 'digest' },
  { kind: 'file', key: OWN_NFS_CONF, read: 'content' },
  ...[...CENTOS, ...DEBIAN].map(({ path }): Watch => ({ kind: 'file', key: path, read: 'content' })),
];

/** The configuration files of a server whose packages are there. */
export function serverConfig(nfs: Nfs, family: 'centos' | 'debian', seen: Observed | undefined): Resource[] {
  if (seen?.file(NFS_CONF)?.type === 'file') return [file({ path: OWN_NFS_CONF, content: nfsConf(nfs) })];
  return (family === 'debian' ? DEBIAN : CENTOS).flatMap(({ path, variables }) => {
    const state = seen?.file(path);
    const before = state?.type === 'file' ? (state.content?.toString('utf8') ?? '') : '';
    const after = Object.entries(variables).reduce(
      (text, [daemon, variable]) => withOptions(text, variable, options(nfs)[daemon as Daemon]),
      before,
    );
    return after === '' ? [] : [file({ path, content: after })];
  });
}

type Daemon = keyof VariableFile['variables'];

/** Short options by daemon, as `rpc.mountd -p 20048` has them. */
const options = ({ protocol, ports }: Nfs): Record<Daemon, readonly (readonly [string, string])[]> =>
  protocol === 'v4'
    ? { nfsd: NO_OLD_VERSIONS, mountd: NO_OLD_VERSIONS, statd: [] }
    : { nfsd: [], mountd: [['-p', String(ports.mountd)]], statd: [['-p', String(ports.statd)]] };

const NO_OLD_VERSIONS = [
  ['-N', '2'],
  ['-N', '3'],
] as const;

/**
 * A file of shell variables in which one holds these options. Whatever else the file and the variable say stays: other
 * options are somebody's own, only those that we set are taken out first.
 */
export function withOptions(
  text: string,
  variable: string,
  wanted: readonly (readonly [option: string, value: string])[],
): string {
  const pattern = new RegExp(`^${variable}=(.*)$`, 'gm');
  const value = [...text.matchAll(pattern)].at(-1)?.[1] ?? '';
  const kept = value
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .replaceAll(/(?:^|\s)(?:(?:-p|--port)[ =]\d+|-N ?[23])(?=\s|$)/g, '')
    .trim();
  const words = [...wanted.map((pair) => pair.join(' ')), kept].filter((word) => word !== '');
  const line = `${variable}="${words.join(' ')}"`;
  if (words.length === 0 && value.trim() === '') return text;
  const without = text.replaceAll(new RegExp(`^${variable}=.*\\n?`, 'gm'), '');
  const separator = without === '' || without.endsWith('\n') ? '' : '\n';
  return text.match(pattern)?.at(-1) === line && text.match(pattern)?.length === 1
    ? text
    : `${without}${separator}${line}\n`;
}

const nfsConf = ({ protocol, ports }: Nfs): string =>
  [
    '# Written by k8s-bootstrap.',
    ...(protocol === 'v4'
      ? ['[nfsd]', 'vers3=n']
      : ['[nfsd]', 'vers3=y', '[mountd]', `port=${ports.mountd}`, '[statd]', `port=${ports.statd}`]),
    '',
  ].join('\n');
