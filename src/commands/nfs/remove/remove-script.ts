import { randomBytes } from 'node:crypto';
import { quote } from '../../../kernel/quote.ts';
import { alive, runOn } from '../../../run/fleet.ts';
import { escapedForMounts } from '../etab.ts';
import { prelude, readFrames } from '../frames.ts';
import type { Visit } from '../../../cluster/visit-fleet.ts';
import { isInside } from '../status/status-report.ts';
import { INTO } from '../../../resources/steps/into.ts';
import { kubectl } from '../../../resources/kube-api.ts';

/**
 * Deletes a folder with all that is in it: says `deleted`, or why not. A link is not followed, also not one above it,
 * and nothing goes that is on another file system, or under a mount, or below a folder that others may change.
 */
export const deleteScript = (path: string): string => `${INTO}
P=${quote(path)}
E=${quote(escapedForMounts(path))}
no() { printf '%s\\n' "$1"; exit 0; }
[ ! -L "$P" ] || no 'it is a link'
[ -d "$P" ] || no 'there is no such folder'
why=$(into "$P") || no "$why"
while read -r _ at _; do
  case $at in "$E"|"$E"/*) no "$at is a mount point" ;; esac
done </proc/mounts
above=\${P%/*}
into "\${above:-/}"
root_alone .
rm -rf --one-file-system -- "./\${P##*/}" && [ ! -e "$P" ] && echo deleted`;

const VOLUMES =
  'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.spec.nfs.server}{"\\t"}{.spec.nfs.path}{"\\t"}{.spec.claimRef.namespace}/{.spec.claimRef.name}{"\\n"}{end}';

/** Volumes of the cluster in a folder of a server: `volume pvc-… (default/data)`. None when there is no cluster. */
export async function volumesOn({ cluster, fleet }: Visit, server: string, path: string): Promise<string[]> {
  const { hosts } = cluster.inventory;
  const masters = hosts.filter(({ roles }) => roles.includes('master')).map(({ name }) => name);
  const one = hosts.find(({ name }) => name === server);
  const addresses = [server, one?.ip, one?.address];
  for (const member of alive(fleet).filter(({ name }) => masters.includes(name))) {
    const nonce = randomBytes(16).toString('hex');
    const { stdout } = await runOn(fleet, member, {
      script: `${prelude(nonce)}\nstep volumes 20 ${kubectl} --request-timeout=15s get pv -o ${quote(VOLUMES)}`,
      timeoutMs: 40_000,
    });
    const said = readFrames(nonce, stdout).get('volumes');
    if (said?.code !== 0) continue;
    return said.said.split('\n').flatMap((line) => {
      const [name = '', host = '', folder, claim = ''] = line.split('\t');
      return addresses.includes(host) && isInside(folder, path) ? [`volume ${name} (${claim})`] : [];
    });
  }
  fleet.emit({
    type: 'note',
    level: 'warn',
    message: 'no API server answers: whether volumes of the cluster are on it is not known',
  });
  return [];
}
