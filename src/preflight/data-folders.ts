import {
  type DataFolder,
  closedWay,
  dataFolders,
  placeOf,
  toldFolder,
} from '../phases/shared/data-folders.ts';
import { runtimeOf } from '../phases/node/runtime.ts';
import { type Check, type Result, type Subject, error, warn } from './check.ts';

/** Folders that the inventory has chosen for what grows. */
export const dataFoldersCheck: Check = {
  id: 'data-folders',
  title: 'folders for data are fit, and stay where they are',
  check: (subject) => foldersOf(subject).flatMap((folder) => judge(subject, folder)),
};

/** Of both runtimes, that which the host has. */
const foldersOf = ({ world, host }: Subject): DataFolder[] =>
  dataFolders(world.inventory, host).filter(
    ({ part }) => (part !== 'docker' && part !== 'containerd') || part === runtimeOf(world, host),
  );

function judge(subject: Subject, folder: DataFolder): Result[] {
  const { seen, facts, world } = subject;
  const { field, wanted, usual, part } = folder;
  const told = toldFolder(seen, folder);
  if (told !== undefined && told !== wanted && facts.cluster?.name === world.inventory.name) {
    return error(
      `${part} has its data in ${told}, and ${field} is ${wanted}`,
      `Data is never moved by this program: in the new folder ${part} would begin anew. Write ${field}: ${told}; or drain the node, stop ${part}, move the folder yourself, and go on with --ignore-preflight data-folders.`,
    );
  }
  if (told !== undefined && told !== wanted) {
    return warn(
      `${part} has its data in ${told}, and is to begin anew in ${wanted}`,
      `Write ${field}: ${told} to go on with what is there.`,
    );
  }
  if (wanted === usual) return [];
  const closed = part === 'etcd' && told === undefined ? closedWay(seen, wanted) : undefined;
  if (closed === undefined) return fitness(subject, folder);
  return error(
    `user etcd does not get to ${closed}, below which ${wanted} is to be`,
    `See "namei -l ${closed}" there, and open what is closed: chmod a+x FOLDER; or name a folder elsewhere.`,
  );
}

function fitness({ seen, facts }: Subject, folder: DataFolder): Result[] {
  const { wanted, part } = folder;
  const { roomMiB, fileSystem, options } = placeOf(seen, folder);
  const needsToRun = part === 'docker' || part === 'containerd';
  const forbidden = options.filter(
    (one) => one === 'ro' || (needsToRun && (one === 'noexec' || one === 'nosuid')),
  );
  if (forbidden.length > 0) {
    return error(
      `${wanted} lies on a file system that is mounted ${forbidden.join(' and ')}`,
      'Mount it without that in /etc/fstab: programs of containers run from there.',
    );
  }
  if (needsToRun && options.includes('ftype=0')) {
    return error(
      `${wanted} lies on an xfs that was made with ftype=0, on which overlay2 does not work`,
      'Make that file system anew (mkfs.xfs -n ftype=1), or name another folder.',
    );
  }
  if (/^(?:nfs4?|cifs|fuse\..*|tmpfs)$/.test(fileSystem)) {
    return error(`${wanted} lies on ${fileSystem}`, 'It takes a disk: etcd and overlay2 work on no other.');
  }
  if (roomMiB === undefined) return warn(`how much room ${wanted} has could not be told`, 'See df there.');
  if (roomMiB < 1024)
    return error(`has ${roomMiB} MiB left at ${wanted}`, 'Free at least 1 GiB; 5 GiB and more are wanted.');
  if (needsToRun && facts.selinux === 'enforcing') {
    return warn(
      `SELinux enforces, and knows ${wanted} not for ${part}'s`,
      `Tell it: semanage fcontext -a -e /var/lib/${part} ${wanted}; restorecon -R ${wanted}.`,
    );
  }
  return [];
}
