import { isWorld, overlap } from '../schema/nfs-clients.ts';
import type { Report, Rule } from './rule.ts';
import type { NfsExport } from '../types.ts';

/** Folders that are the system's own: none of them can be given away, nor can what is below most of them. */
const SYSTEM = [
  '/',
  '/home',
  '/opt',
  '/srv',
  '/mnt',
  '/media',
  '/tmp',
  '/usr',
  '/var',
  '/var/lib',
  '/var/log',
];
const SYSTEM_BELOW = [
  ...[
    '/bin',
    '/boot',
    '/dev',
    '/etc',
    '/lib',
    '/lib64',
    '/proc',
    '/root',
    '/run',
    '/sbin',
    '/sys',
    '/var/run',
  ],
  ...['containerd', 'docker', 'etcd', 'k8s-bootstrap', 'kubelet', 'nfs'].map((name) => `/var/lib/${name}`),
];
/** Of those, what people do export, knowing why. */
const DOUBTFUL = ['/home', '/opt', '/srv', '/mnt', '/media', '/tmp'];

export const exportedPathsAreFolders: Rule = ({ nfs }, report) => {
  nfs?.exports.forEach(({ path }, index) => {
    const at = ['nfs', 'exports', index, 'path'];
    const shown = JSON.stringify(path);
    if (!path.startsWith('/')) report.error(at, `${shown} is not an absolute path`);
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    else if (/[\u0000-\u001f\u007f]/.test(path)) report.error(at, `${shown} holds a control character`);
    else if (path !== '/' && path.split('/').some((part, position) => isOdd(part, position))) {
      report.error(at, `${shown} is not a plain path`, { hint: 'Write it without //, /./ and /../.' });
    } else if (Buffer.byteLength(path) > 1000) {
      report.error(at, `${shown.slice(0, 40)}… is longer than 1000 bytes`);
    } else if (/\\[0-7]{3}/.test(path)) {
      report.error(at, `${shown} holds \\ and three digits`, {
        hint: 'exportfs takes that for a single character when it reads its own table.',
      });
    } else if (nfs.outside === undefined) checkOwner(path, at, report);
  });
};

const isOdd = (part: string, position: number): boolean =>
  (part === '' && position > 0) || part === '.' || part === '..';

/** The folder of the system that a path is, or is in. */
export const systemFolder = (path: string): string | undefined =>
  SYSTEM_BELOW.find((system) => path === system || path.startsWith(`${system}/`)) ??
  SYSTEM.find((system) => path === system);

function checkOwner(path: string, at: (string | number)[], report: Report): void {
  const owner = systemFolder(path);
  if (owner === undefined) return;
  const message = `${owner} belongs to the system`;
  const hint = 'Export a folder of its own, like /nfsdata or /srv/data.';
  if (DOUBTFUL.includes(path)) report.warning(at, message, { hint });
  else report.error(at, message, { hint });
}

export const exportedPathsAreDistinct: Rule = ({ nfs }, report) => {
  nfs?.exports.forEach((entry, index) => {
    const at = ['nfs', 'exports', index, 'path'];
    const before = nfs.exports.slice(0, index).filter(({ host }) => host === entry.host);
    if (before.some(({ path }) => path === entry.path)) {
      report.error(at, `${entry.path} is exported twice`, { hint: 'Put the clients of both into one.' });
    }
    const above = before.concat(nfs.exports.slice(index + 1)).find((other) => isBelow(entry, other));
    if (above && nfs.outside === undefined && optionsOf(above) !== optionsOf(entry)) {
      report.warning(at, `${entry.path} is within ${above.path}, which has other options`, {
        hint: `Who may mount ${above.path} sees it there with those, if both are on one file system.`,
      });
    }
  });
};

const isBelow = (inner: NfsExport, outer: NfsExport): boolean =>
  inner.host === outer.host && inner.path.startsWith(`${outer.path.replace(/\/$/, '')}/`);

const optionsOf = ({ clients }: NfsExport): string =>
  [...new Set(clients.map(({ options }) => options.join(',')))].sort().join(' ');

export const clientsDoNotCompete: Rule = ({ nfs }, report) => {
  nfs?.exports.forEach(({ path, clients }, index) => {
    clients.forEach(({ match, options }, position) => {
      const at = ['nfs', 'exports', index, 'clients', position];
      if (`${match}(${options.join(',')})`.length > 500) report.error(at, `${match} has too long options`);
      for (const other of clients.slice(0, position)) {
        if (other.match === match) {
          report.error(at, `${match} is twice a client of ${path}`);
        } else if (overlap(other.match, match) && String(other.options) !== String(options)) {
          const message = `${match} and ${other.match} overlap, with other options`;
          report.error(at, message, {
            hint: 'Which of the two counts is not for you to say: make them apart.',
          });
        }
      }
    });
  });
};

export const rootIsNotTheWorlds: Rule = ({ nfs }, report) => {
  if (nfs?.outside !== undefined) return;
  nfs?.exports.forEach(({ path, clients, allowWorld }, index) => {
    clients.forEach(({ match, options }, position) => {
      if (!isWorld(match) || !options.includes('no_root_squash') || allowWorld) return;
      const at = ['nfs', 'exports', index, 'clients', position];
      report.error(at, `anybody could write to ${path} as root (* with no_root_squash)`, {
        hint: 'Name the clients, like 192.168.139.0/24, or add root_squash; or else allowWorld: true.',
      });
    });
  });
};

export const foldersCanBeEntered: Rule = ({ nfs }, report) => {
  if (nfs?.outside !== undefined) return;
  nfs?.exports.forEach(({ mode }, index) => {
    const closed = Array.from(mode.slice(-3), Number).some((digit) => (digit & 6) !== 0 && (digit & 1) === 0);
    if (!closed) return;
    report.warning(['nfs', 'exports', index, 'mode'], `${mode} has no x: only root can enter the folder`, {
      hint: 'Without x nobody reaches the files in it; 0777 is what is meant.',
    });
  });
};
