import { paths } from '../../kernel/host-paths.ts';
import { ownUnit, unitFile } from '../../resources/foreign/drop-ins.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import { packagedService } from '../../resources/packaged-service.ts';
import { withoutUnit } from '../../resources/without-unit.ts';
import type { Resource } from '../../resources/resource.ts';
import { hostFile } from '../../templates/host-files.ts';
import type { World } from '../phase.ts';

const NAME = 'etcd-backup';
const SERVICE = `${NAME}.service`;
const TIMER = `${NAME}.timer`;
const WRITTEN =
  '# Written by k8s-bootstrap; the next "up" puts its own content back. Change the inventory instead.';

/** What goes with the timer; snapshots that were taken stay. */
const FILES = [TIMER, SERVICE].map(unitFile).concat(paths.etcdBackupScript);

/** Snapshots of the member on the host by the clock, where the inventory wants them. */
export function backupTimer({ inventory }: World): Resource[] {
  const { backup } = inventory.etcd;
  if (!backup) return [withoutUnit({ unit: TIMER, files: FILES })];
  const { every, keep } = backup;
  const { acceptDropIns: accepted } = inventory.os;
  return [
    directory({ path: paths.etcdBackups, mode: '0700' }),
    file({ path: paths.etcdBackupScript, content: hostFile('etcd-backup.sh'), mode: '0755' }),
    ...ownUnit({ unit: SERVICE, content: serviceText(keep), accepted }),
    ...ownUnit({ unit: TIMER, content: timerText(every), accepted }),
    packagedService({ unit: TIMER, restartOn: [fileId(unitFile(SERVICE)), fileId(unitFile(TIMER))] }),
  ];
}

const serviceText = (keep: number): string => `${WRITTEN}
[Unit]
Description=a snapshot of the member of etcd on this host
After=etcd.service

[Service]
Type=oneshot
ExecStart=${paths.etcdBackupScript} ${keep}
# The member itself comes first.
Nice=10
IOSchedulingClass=idle
`;

const timerText = (every: string): string => `${WRITTEN}
[Unit]
Description=snapshots of the member of etcd on this host

[Timer]
OnBootSec=15min
OnUnitActiveSec=${every.replace(/m$/, 'min')}

[Install]
WantedBy=timers.target
`;
