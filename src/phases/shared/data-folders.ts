import { posix } from 'node:path';
import type { Host, Inventory } from '../../inventory/types.ts';
import { paths, users } from '../../kernel/host-paths.ts';
import { quote } from '../../kernel/quote.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { foldersAbove } from '../../resources/nfs/shared-folder.ts';
import { isNode } from './topology.ts';
import { takeValue, type ValueInFile } from './value-in-file.ts';

/** A folder that grows, where the inventory may say where it is. */
export interface DataFolder {
  /** In answers of hosts. */
  readonly part: 'etcd' | 'kubelet' | 'docker' | 'containerd';
  readonly field: string;
  readonly wanted: string;
  readonly usual: string;
}

export const etcdData = ({ etcd }: Inventory): string => etcd.dataDir ?? paths.etcdData;
export const kubeletRoot = ({ kubelet }: Inventory): string => kubelet.rootDir ?? paths.kubelet;

/** Of a runtime as far as it is there: which one a host has is known later. */
export const dataFolders = (inventory: Inventory, host: Host): DataFolder[] => [
  ...(host.roles.includes('etcd')
    ? [
        {
          part: 'etcd',
          field: 'etcd.dataDir',
          wanted: etcdData(inventory),
          usual: paths.etcdData,
        } as const,
      ]
    : []),
  ...(isNode(host)
    ? [
        {
          part: 'kubelet',
          field: 'kubelet.rootDir',
          wanted: kubeletRoot(inventory),
          usual: paths.kubelet,
        } as const,
        ...(['docker', 'containerd'] as const).map((part) => ({
          part,
          field: 'runtime.dataDir',
          wanted: inventory.runtime.dataDir ?? `/var/lib/${part}`,
          usual: `/var/lib/${part}`,
        })),
      ]
    : []),
];

const ANSWER = 'data-folders';

/** In a line of a unit, which may go on in the next. */
const ARGUMENT_END = '[\\ \\\\]*';

/** Where each was told to keep its data, by what it is started with. */
const TOLD: Readonly<Record<DataFolder['part'], ValueInFile>> = {
  etcd: { file: `${paths.unitFolder}/etcd.service`, before: '*--data-dir=', after: ARGUMENT_END },
  kubelet: { file: `${paths.unitFolder}/kubelet.service`, before: '*--root-dir=', after: ARGUMENT_END },
  docker: { file: paths.dockerConfig, before: `*'"data-root"'*:*'"'`, after: `'"'*` },
  containerd: { file: paths.containerdConfig, before: `root[\\ =]*'"'`, after: `'"'*` },
};

/** From the folder in `k8sb_a` to the nearest one above that exists, or itself. */
const TO_NEAREST = `while [ ! -d "$k8sb_a" ]; do k8sb_a=\${k8sb_a%/*}; [ -n "$k8sb_a" ] || k8sb_a=/; done`;

/**
 * Before there is an etcd, whether its user will get to the nearest folder above its own that exists: it is the only part
 * whose user is not root. The kernel is asked, which knows of links, groups and ACLs; for nobody, where that user is to be
 * made.
 */
function wayTo(folder: string): string {
  return `
if [ ! -f ${quote(TOLD.etcd.file)} ]; then
  k8sb_a=${quote(posix.dirname(folder))} k8sb_u=nobody
  ${TO_NEAREST}
  ! id -u ${users.etcd} >/dev/null 2>&1 || k8sb_u=${users.etcd}
  runuser -u "$k8sb_u" -- sh -c 'test -x "$1" || printf "closed %s\\n" "$1"' - "$k8sb_a" 2>/dev/null || :
fi`;
}

/** Also how much room there is at the nearest folder above that exists, and how it is mounted. */
export const dataFoldersWatch = (inventory: Inventory, host: Host): Watch[] => {
  const folders = dataFolders(inventory, host);
  if (folders.length === 0) return [];
  const elsewhere = folders.filter(({ wanted, usual }) => wanted !== usual);
  const chosen = [...new Set(elsewhere.map(({ wanted }) => wanted))];
  const etcd = elsewhere.find(({ part }) => part === 'etcd');
  return [
    {
      kind: 'answer',
      key: ANSWER,
      script: `${folders.map(({ part }) => told(part)).join('\n')}
for k8sb_f in ${chosen.map(quote).join(' ')}; do
  k8sb_a=$k8sb_f
  ${TO_NEAREST}
  k8sb_r= k8sb_t= k8sb_o= k8sb_m=
  df -Pk "$k8sb_a" > "$D.room"
  { read -r k8sb_r; read -r _ _ _ k8sb_r _; } < "$D.room"
  findmnt -nro FSTYPE,OPTIONS,TARGET -T "$k8sb_a" > "$D.room"
  read -r k8sb_t k8sb_o k8sb_m < "$D.room"
  case $k8sb_t in xfs) ! xfs_info "$k8sb_m" | grep -q 'ftype=0' || k8sb_o=$k8sb_o,ftype=0 ;; esac
  printf 'room %s %s\\nmount %s %s %s\\n' "$k8sb_f" "$k8sb_r" "$k8sb_f" "$k8sb_t" "$k8sb_o"
done${etcd ? wayTo(etcd.wanted) : ''}`,
    },
  ];
};

const told = (part: DataFolder['part']): string =>
  `${takeValue(TOLD[part])}\n[ ! -f ${quote(TOLD[part].file)} ] || printf 'told %s %s\\n' ${quote(part)} "$k8sb_value"`;

export interface Place {
  /** `undefined` where nobody could tell. */
  readonly roomMiB: number | undefined;
  readonly fileSystem: string;
  readonly options: readonly string[];
}

/** Where a part keeps its data on a host; `undefined` where it was never set up. */
export function toldFolder(seen: Observed, folder: DataFolder): string | undefined {
  const said = answerOf(seen);
  const found = new RegExp(`^told ${folder.part} (\\S*)$`, 'm').exec(said)?.[1];
  return found === '' ? folder.usual : found;
}

export function placeOf(seen: Observed, { wanted }: DataFolder): Place {
  const lines = answerOf(seen).split('\n');
  const after = (word: string): string =>
    lines.find((line) => line.startsWith(`${word} ${wanted} `))?.slice(word.length + wanted.length + 2) ?? '';
  const room = after('room');
  const [fileSystem = '', options = ''] = after('mount').split(' ');
  return {
    roomMiB: /^\d+$/.test(room) ? Math.floor(Number(room) / 1024) : undefined,
    fileSystem,
    options: options.split(',').filter(Boolean),
  };
}

/** The nearest folder above etcd's that is there, when its user does not get to it. */
export function closedWay(seen: Observed, folder: string): string | undefined {
  const said = new Set(answerOf(seen).split('\n'));
  return foldersAbove(folder).find((one) => said.has(`closed ${one}`));
}

const answerOf = (seen: Observed): string => seen.answer(ANSWER)?.output ?? '';
