import { readdirSync, readFileSync, lstatSync, readlinkSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HOSTS, onHosts } from './lab.ts';

/** What a plan may not touch on a host. Data that the cluster itself writes all the time is left out. */
const TREES =
  '/etc /usr/local /opt /root /home /var/spool /var/lib/k8s-bootstrap /var/lib/kube-proxy /var/lib/kubelet/pki /var/lib/kubelet/config.yaml /tmp /var/tmp';

/**
 * Every file of the hosts that is somebody's to write, one a line: rights, owner, size, times, target, and the digest
 * of small ones. The change time alone tells of any write, also of one that put the old bytes back.
 */
export async function hostTrees(): Promise<Record<string, string[]>> {
  // A folder's change time moves when overlayfs reads it for the first time.
  const line = '%p %M %U:%G %s %T@ %l';
  const script = `{ find ${TREES} -type d -printf '${line}\\n' -o -printf '${line} %C@\\n'; find ${TREES} -type f -size -100k -exec sha256sum {} +
    ls -A /run | grep k8s-bootstrap; systemctl list-unit-files --no-legend --plain; } 2>/dev/null | sort`;
  const texts = await onHosts(script, HOSTS);
  return Object.fromEntries([...texts].map(([host, text]) => [host, text.trim().split('\n')]));
}

/** The same of a folder on the controller. */
export function localTree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path);
      const what = stat.isFile()
        ? createHash('sha256').update(readFileSync(path)).digest('hex')
        : stat.isSymbolicLink()
          ? readlinkSync(path)
          : '';
      return `${name} ${stat.mode.toString(8)} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${what}`;
    });
}
