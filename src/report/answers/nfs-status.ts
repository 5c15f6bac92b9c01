import type { ExportStatus, NfsStatus } from '../../answers/nfs.ts';
import { table } from '../table.ts';
import { count } from '../text.ts';
import type { How } from './how.ts';

/** Options that are worth a look; the others are defaults that hardly anybody changes. */
const SHOWN = /^(rw|ro|sync|async|(no_)?root_squash|all_squash|insecure|fsid=.*)$/;

/** Servers, exports, and what is off; with `verbose` every option and every mount. */
export function nfsStatusText(status: NfsStatus, { paint, verbose }: How): string {
  const { servers, exports, mounts, problems } = status;
  const rows = exports.map((one) => exportRow(one, verbose));
  return [
    ...(servers.length === 0
      ? []
      : [
          ...table([
            ['SERVER', 'SERVICES'],
            ...servers.map(({ server, services }) => [
              server,
              Object.entries(services)
                .map(([unit, state]) => `${unit.replace(/\.service$/, '')} ${state}`)
                .join(', '),
            ]),
          ]),
          '',
        ]),
    ...(rows.length === 0
      ? servers.length === 0
        ? []
        : ['Nothing is exported.']
      : table([['EXPORT', 'CLIENT', 'OPTIONS', 'BY', 'FREE', 'MOUNTED BY'], ...rows])),
    '',
    ...(verbose && mounts.length > 0
      ? [
          ...table([
            ['NODE', 'MOUNTED', 'AT', 'VERSION', 'STATE'],
            ...mounts.map(({ node, from, at, version, state }) => [node, from, at, version || '-', state]),
          ]),
          '',
        ]
      : []),
    ...servers.flatMap(({ server, strangers }) =>
      strangers.length === 0
        ? []
        : [
            `${server}: connected, and no host of the inventory: ${strangers.join(', ')} (what they mounted, a server does not say reliably)`,
          ],
    ),
    ...problems.map((problem) => paint('yellow', problem)),
    problems.length === 0
      ? 'All is well.'
      : `${count(problems.length, 'problem')}. "k8s-bootstrap nfs check" finds the cause, "k8s-bootstrap nfs setup" puts right what the inventory says.`,
    '',
  ].join('\n');
}

function exportRow(one: ExportStatus, verbose: boolean): string[] {
  const { server, path, client, options, declared, ours, space, mountedBy } = one;
  return [
    `${server}:${path}`,
    client,
    [...new Set(options)].filter((word) => verbose || SHOWN.test(word)).join(','),
    declared ? 'inventory' : ours ? 'earlier inventory' : 'others',
    space === null ? '-' : `${gibibytes(space.freeKiB)} of ${gibibytes(space.totalKiB)}`,
    Object.entries(mountedBy)
      .map(([node, times]) => (times === 1 ? node : `${node} (${times})`))
      .join(', ') || '-',
  ];
}

/** As `df -h` counts. */
const gibibytes = (kibibytes: number): string => `${(kibibytes / 2 ** 20).toFixed(1)} GiB`;
