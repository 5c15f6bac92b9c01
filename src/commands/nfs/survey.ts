import { randomBytes } from 'node:crypto';
import type { Exported, Mounted, Space } from '../../answers/nfs.ts';
import type { Host, Inventory, Nfs } from '../../inventory/types.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { EXPORTS_FILE } from '../../resources/nfs/exports.ts';
import { alive, onEach, runOn } from '../../run/fleet.ts';
import type { StepResult } from './causes.ts';
import { unitsOf } from './check/check-script.ts';
import { readEtab } from './etab.ts';
import { EXISTING, readExisting } from './existing.ts';
import { prelude, readFrames } from './frames.ts';
import type { Visit } from '../../cluster/visit-fleet.ts';
import { nfsOf, nodesOf, targetsOf } from './targets.ts';

/** What a host exports and what it has mounted. Plain data. */
export interface Survey {
  readonly host: string;
  readonly server: ServerSurvey | undefined;
  readonly mounted: readonly Mounted[];
}

export interface ServerSurvey {
  readonly services: Readonly<Record<string, string>>;
  readonly exports: readonly Exported[];
  /** Paths that our own file of exports has. */
  readonly ours: readonly string[];
  /** Of the folders that the inventory exports, by path; one that is not there is not in it. */
  readonly space: Readonly<Record<string, Space>>;
  /** Addresses that are connected to port 2049. */
  readonly peers: readonly string[];
  /** Names that clients of version 4 give themselves; kernels before 5.3 do not tell. */
  readonly clients: readonly string[];
}

/** Asks servers and nodes, each in one exec, which only reads. */
export async function survey({ cluster: { inventory }, fleet }: Visit): Promise<Survey[]> {
  const nfs = nfsOf(inventory);
  const found: Survey[] = [];
  await onEach(fleet, alive(fleet), undefined, async (member) => {
    const host = inventory.hosts.find(({ name }) => name === member.name);
    if (!host) return;
    const nonce = randomBytes(16).toString('hex');
    const paths = pathsOf(inventory, host);
    const serves = nfs.hosts.includes(host.name);
    const { stdout } = await runOn(fleet, member, {
      script: surveyScript(nonce, { serves, paths, mounts: nodesOf(inventory).includes(host) }, nfs),
      timeoutMs: (120 + 10 * paths.length) * 1000,
    });
    const steps = readFrames(nonce, stdout);
    found.push({
      host: host.name,
      server: serves ? readServer(steps, paths, nfs) : undefined,
      mounted: readExisting(steps.get('existing')?.said ?? ''),
    });
  });
  return found;
}

const pathsOf = (inventory: Inventory, host: Host): string[] =>
  targetsOf(inventory).flatMap(({ server, entry }) => (server.host === host.name ? [entry.path] : []));

/** Filters of ss and not its options, for those are younger. */
export const surveyScript = (
  nonce: string,
  { serves, paths, mounts }: { serves: boolean; paths: readonly string[]; mounts: boolean },
  { protocol }: Pick<Nfs, 'protocol'>,
): string =>
  [
    prelude(nonce),
    ...(serves
      ? [
          sh`step services 5 systemctl is-active ${unitsOf(protocol)}`,
          'step table 5 cat /var/lib/nfs/etab',
          sh`step ours 5 cat ${EXPORTS_FILE}`,
          `step peers 5 ss -tn state established '( sport = :2049 )'`,
          `step clients 5 sh -c ${quote("sed -n 's/^name: //p' /proc/fs/nfsd/clients/*/info 2>/dev/null")}`,
          ...paths.map((path, index) => sh`step ${`space.${index}`} 5 df -P -k -- ${path}`),
        ]
      : []),
    ...(mounts ? [EXISTING] : []),
  ].join('\n');

export function readServer(
  steps: ReadonlyMap<string, StepResult>,
  paths: readonly string[],
  { protocol }: Pick<Nfs, 'protocol'>,
): ServerSurvey {
  const said = (name: string): string => steps.get(name)?.said ?? '';
  const states = said('services').trim().split('\n');
  return {
    services: Object.fromEntries(unitsOf(protocol).map((unit, index) => [unit, states[index] ?? 'unknown'])),
    exports: readEtab(said('table')),
    ours: steps.get('ours')?.code === 0 ? [...new Set(readEtab(said('ours')).map(({ path }) => path))] : [],
    space: Object.fromEntries(
      paths.flatMap((path, index): [string, Space][] => {
        const space = steps.get(`space.${index}`)?.code === 0 ? readSpace(said(`space.${index}`)) : undefined;
        return space ? [[path, space]] : [];
      }),
    ),
    peers: readPeers(said('peers')),
    clients: [
      ...new Set(
        said('clients')
          .split('\n')
          .map((line) => line.trim().replaceAll(/^"|"$/g, ''))
          .filter(Boolean),
      ),
    ],
  };
}

/** `df -P -k`: blocks, used and available are the numbers before the capacity. */
function readSpace(text: string): Space | undefined {
  const [, total, free] = /\s(\d+)\s+\d+\s+(\d+)\s+\d+%\s/.exec(text) ?? [];
  return total === undefined ? undefined : { totalKiB: Number(total), freeKiB: Number(free) };
}

/** The last address of each line; the first line is a heading. IPv4 may come in IPv6's clothes. */
function readPeers(text: string): string[] {
  const addresses = text.split('\n').flatMap((line) => {
    const [, address] = /\s(\S+):\d+\s*$/.exec(line) ?? [];
    return address === undefined ? [] : [address.replaceAll(/^\[|\]$/g, '').replace(/^::ffff:/, '')];
  });
  return [...new Set(addresses)];
}
