import type { Path } from '../problem.ts';
import { ownerOfFolder } from '../../templates/places.ts';
import type { Rule } from './rule.ts';

/** Their owner and rights are set, and nothing else may lie in them. */
export const dataFoldersAreApart: Rule = ({ etcd, kubelet, runtime }, report) => {
  const chosen: [Path, string | undefined][] = [
    [['etcd', 'dataDir'], etcd.dataDir],
    [['kubelet', 'rootDir'], kubelet.rootDir],
    [['runtime', 'dataDir'], runtime.dataDir],
  ];
  const named = chosen.flatMap(([path, folder]) => (folder === undefined ? [] : [{ path, folder }]));
  for (const { path, folder } of named) {
    const owner = ownerOfFolder(folder);
    const hint = 'Name a folder of its own, below where a disk is mounted: /data/containers.';
    if (owner !== undefined) report.error(path, owner, { hint });
    const other = named.find((one) => one.path !== path && `${folder}/`.startsWith(`${one.folder}/`));
    if (other)
      report.error(path, `${folder} lies in ${other.folder}, which is ${other.path.join('.')}`, { hint });
  }
};
