import { posix } from 'node:path';
import { paths } from '../kernel/host-paths.ts';
import type { Observed } from '../probe/observe.ts';
import { behind } from '../resources/file.ts';
import { ownerOfFolder } from '../templates/places.ts';
import { type Result, type Subject, error } from './check.ts';

export const folders = ({ seen }: Subject): Result[] =>
  [...FOLDERS, ...LINKABLE].flatMap((path) => {
    const state = seen.file(path);
    return state?.type === 'link' ? judgeLink(seen, path, state.target) : [];
  });

/** Rights and owner are kept of the folder itself; those of a link say nothing. */
const FOLDERS = [
  paths.state,
  paths.kubernetes,
  paths.pki,
  paths.auditFolder,
  paths.etcdConfigFolder,
  paths.etcdPki,
  paths.kubeProxy,
  paths.cniBin,
  paths.cniConfig,
];

/** What grows: it may lie on another disk. */
const LINKABLE = [paths.etcdData, paths.kubelet];

function judgeLink(seen: Observed, path: string, target: string): Result[] {
  const message = `${path} is a link to ${target}`;
  if (!LINKABLE.some((one) => one === path)) {
    return error(
      message,
      `Mount it instead: remove the link, make the folder, and have "${target} ${path} none bind 0 0" in /etc/fstab.`,
    );
  }
  // Without its disk it would begin anew, empty.
  if (seen.file(behind(path))?.type !== 'directory') {
    return error(`${message}, where no folder is`, 'Mount the disk that has it, or make that folder.');
  }
  const owner = ownerOfFolder(posix.resolve(posix.dirname(path), target));
  return owner === undefined
    ? []
    : error(`${message}, and ${owner}`, 'Let it lead to a folder of its own: its owner and rights are set.');
}
