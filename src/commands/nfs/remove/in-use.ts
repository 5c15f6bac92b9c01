import { randomBytes } from 'node:crypto';
import type { Visit } from '../../../cluster/visit-fleet.ts';
import type { Inventory } from '../../../inventory/types.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { binaryPath, paths } from '../../../kernel/host-paths.ts';
import { quote, sh } from '../../../kernel/quote.ts';
import { kubectl } from '../../../resources/cluster/kube-api.ts';
import { alive, runOn } from '../../../run/fleet.ts';
import { pathOn } from '../existing.ts';
import { prelude, readFrames } from '../frames.ts';
import { isInside } from '../status/status-report.ts';
import type { Survey } from '../survey.ts';
import { serversOf } from '../targets.ts';

const VOLUMES =
  'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.spec.nfs.server}{"\\t"}{.spec.nfs.path}{"\\t"}{.spec.claimRef.namespace}/{.spec.claimRef.name}{"\\n"}{end}';

const UNKNOWN = 'whether volumes of the cluster are on it is not known: no API server answers';

/**
 * Volumes of the cluster in a folder of a server: `volume pvc-… (default/data)`; what is not known counts as one. None
 * when no master has what a cluster consists of.
 */
export async function volumesOn({ cluster, fleet }: Visit, server: string, path: string): Promise<string[]> {
  const { hosts } = cluster.inventory;
  const masters = hosts.filter(({ roles }) => roles.includes('master')).map(({ name }) => name);
  const one = hosts.find(({ name }) => name === server);
  const addresses = [server, one?.ip, one?.address];
  const reached = alive(fleet).filter(({ name }) => masters.includes(name));
  let without = 0;
  for (const member of reached) {
    const nonce = randomBytes(16).toString('hex');
    const { stdout } = await runOn(fleet, member, {
      script: [
        prelude(nonce),
        sh`if [ -e ${paths.adminConf} ] || [ -e ${binaryPath('kubectl')} ]; then`,
        `step volumes 20 ${kubectl} --request-timeout=15s get pv -o ${quote(VOLUMES)}`,
        'else step none 5 true; fi',
      ].join('\n'),
      timeoutMs: 40_000,
    });
    const steps = readFrames(nonce, stdout);
    if (steps.has('none')) without += 1;
    const said = steps.get('volumes');
    if (said?.code !== 0) continue;
    return said.said.split('\n').flatMap((line) => {
      const [name = '', host = '', folder, claim = ''] = line.split('\t');
      return addresses.includes(host) && isInside(folder, path) ? [`volume ${name} (${claim})`] : [];
    });
  }
  return without === masters.length ? [] : [UNKNOWN];
}

/** `w1 has it mounted at /var/lib/kubelet/…`. */
export function mountsOf(
  inventory: Inventory,
  surveys: readonly Survey[],
  host: string,
  path: string,
): string[] {
  const address = inventory.hosts.find(({ name }) => name === host)?.ip ?? host;
  const server = serversOf(inventory).find((one) => one.host === host) ?? { host, address };
  return surveys.flatMap(({ host: node, mounted }) =>
    mounted
      .filter(({ from }) => isInside(pathOn(server, from), path))
      .map(({ from, at }) => `${node} has ${from} mounted at ${at}`),
  );
}

export function refuseInUse(users: readonly string[], host: string, path: string, force: boolean): void {
  if (force || users.length === 0) return;
  const shown = users.slice(0, 20);
  const rest = users.length > shown.length ? [`and ${users.length - shown.length} more`] : [];
  throw new BootstrapError(
    'E_EXPORT_IN_USE',
    `${host}:${path} is in use:\n${[...shown, ...rest].join('\n')}`,
    {
      hint: `${users.includes(UNKNOWN) ? '"k8s-bootstrap status" shows how the API servers are. ' : ''}Delete the pods and claims first. With --force it is unexported all the same, and who uses it gets stale handles.`,
    },
  );
}
