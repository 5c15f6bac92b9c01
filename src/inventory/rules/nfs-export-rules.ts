import { ownerOfFolder, placeOf } from '../../templates/places.ts';
import { overlap } from '../schema/nfs-clients.ts';
import { worldOf } from '../schema/nfs-world.ts';
import type { Report, Rule } from './rule.ts';
import type { NfsExport } from '../types.ts';

export const exportedPathsAreFolders: Rule = ({ nfs }, report) => {
  nfs?.exports.forEach(({ path }, index) => {
    const at = ['nfs', 'exports', index, 'path'];
    const shown = JSON.stringify(path);
    if (!path.startsWith('/')) report.error(at, `${shown} is not an absolute path`);
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

function checkOwner(path: string, at: (string | number)[], report: Report): void {
  const hint = 'Export a folder of its own, like /nfsdata or /srv/data.';
  const owner = ownerOfFolder(path);
  if (owner !== undefined) {
    report.error(at, owner, { hint });
    return;
  }
  const { kind, itself } = placeOf(path);
  if (kind === 'shared' && itself) report.warning(at, `${path} holds the data of others too`, { hint });
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

/** Clients of the outer one can put another folder, or a link, where root is about to set a mode. */
export const exportsInOthersKeepTheirMode: Rule = ({ nfs }, report) => {
  if (nfs?.outside !== undefined) return;
  nfs?.exports.forEach((entry, index) => {
    const above = nfs.exports.find((other) => isBelow(entry, other) && isWritten(other));
    const field = (['mode', 'owner', 'group'] as const).find((name) => entry[name] !== undefined);
    if (!above || field === undefined) return;
    const message = `${entry.path} is within ${above.path}, whose clients can replace it`;
    report.error(['nfs', 'exports', index, field], message, {
      hint: `Leave mode, owner and group out and make the folder on the host, or export it outside of ${above.path}, or that one read-only (ro).`,
    });
  });
};

const isWritten = ({ clients }: NfsExport): boolean => clients.some(({ options }) => options.includes('rw'));

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
    const asRoot = clients.filter(({ options }) => options.includes('no_root_squash'));
    const world = worldOf(asRoot.map(({ match }) => match));
    const last = world.at(-1);
    if (last === undefined || allowWorld) return;
    const position = clients.findLastIndex(({ match }) => match === last);
    const at = ['nfs', 'exports', index, 'clients', position];
    report.error(at, `anybody could write to ${path} as root (${listed(world)} with no_root_squash)`, {
      hint: 'Name the clients, like 192.168.139.0/24, or add root_squash; or else allowWorld: true.',
    });
  });
};

const listed = (matches: readonly string[]): string =>
  matches.length <= 3
    ? matches.join(' + ')
    : `${matches.slice(0, 2).join(' + ')} + ${matches.length - 2} more`;

export const foldersCanBeEntered: Rule = ({ nfs }, report) => {
  if (nfs?.outside !== undefined) return;
  nfs?.exports.forEach(({ mode }, index) => {
    if (mode === undefined) return;
    const closed = Array.from(mode.slice(-3), Number).some((digit) => (digit & 6) !== 0 && (digit & 1) === 0);
    if (!closed) return;
    report.warning(['nfs', 'exports', index, 'mode'], `${mode} has no x: only root can enter the folder`, {
      hint: 'Without x nobody reaches the files in it; 0777 is what is meant.',
    });
  });
};
