import type { LoadedInventory } from '../inventory/load.ts';
import { hostNamed } from '../inventory/lookup.ts';
import { ExitCode } from '../kernel/errors.ts';
import { knownError } from '../release/known-errors.ts';
import type { Emit } from '../run/events.ts';
import { type Fleet, type Member, closeAll, connectAll, hostSummaries, makeFleet } from '../run/fleet.ts';
import { connector, knownHostsOf, stateFolderOf } from './connect.ts';
import { type Confirm, firstContact } from './first-contact.ts';

export interface VisitOptions {
  readonly command: string;
  /** The inventory file as it was typed, when another would be taken without. */
  readonly typed?: string;
  readonly emit: Emit;
  readonly acceptNewHostKeys: boolean;
  /** Asks about keys of new hosts; `undefined` when nobody is there to be asked. */
  readonly confirm: Confirm | undefined;
  /** Second interrupt: end at once. */
  readonly kill: AbortSignal;
}

export interface Route extends LoadedInventory {
  /** Names of the hosts that take part. */
  readonly hosts: readonly string[];
  /** How many are worked on at a time; as the inventory says by default. */
  readonly concurrency?: number;
  /** What digests of secrets are salted with, by host; another one in each run by default. */
  readonly nonces?: ReadonlyMap<string, string>;
  /** What a host is asked as soon as it is there. */
  readonly ask?: (fleet: Fleet, member: Member) => Promise<void>;
  /** The kubeconfig that the summary names. */
  readonly kubeconfig?: () => string | null;
  /** Whether the answer says it all: hosts are only looked at, and a person needs no summary of that. */
  readonly ending?: 'answer';
  /** What runs kubectl on this machine. */
  readonly kubectl?: () => string | null;
  /** Whether another part of the same command follows, and sums up. */
  readonly more?: boolean;
}

/**
 * The ladder that every command climbs which goes to hosts: greet, connect, ask, act, sum up, let go. Hosts that cannot
 * be reached have failed when `act` is called.
 */
export async function visitHosts(
  route: Route,
  { command, typed, emit, acceptNewHostKeys, confirm, kill }: VisitOptions,
  act: (fleet: Fleet) => Promise<number>,
): Promise<number> {
  const { inventory, hosts, ending, ask, concurrency = inventory.concurrency } = route;
  const started = { ...(typed !== undefined && { inventory: typed }), ...(ending && { ending }) };
  emit({ type: 'run.started', command, cluster: inventory.name, hosts, ...started });
  for (const { path, message, hint, where } of route.warnings) {
    const place = `${where.file}:${where.line}:${where.column}`;
    const more = hint === undefined ? '' : `\n${hint}`;
    emit({ type: 'note', level: 'warn', message: `${place} ${path}: ${message}${more}` });
  }
  const knownHosts = await knownHostsOf(stateFolderOf(inventory), acceptNewHostKeys);
  await firstContact({ inventory, knownHosts, emit, confirm, signal: kill });
  const fleet = makeFleet(hosts, {
    emit,
    connect: connector(inventory, knownHosts),
    addressOf: (name) => hostNamed(inventory, name).ip,
    concurrency,
    kill,
    nonceOf: (name) => route.nonces?.get(name),
    knownError,
  });
  try {
    await connectAll(fleet, ask && ((member) => ask(fleet, member)));
    return await act(fleet);
  } finally {
    const summaries = hostSummaries(fleet);
    if (!route.more) {
      emit({
        type: 'summary',
        changed: summaries.reduce((sum, { changed }) => sum + changed, 0),
        failed: summaries.filter(({ failed }) => failed).length,
        kubeconfig: route.kubeconfig?.() ?? null,
        kubectl: route.kubectl?.() ?? null,
        hosts: summaries,
      });
    }
    await closeAll(fleet);
  }
}

/** Hosts that could not be asked. */
export const lostIn = (fleet: Fleet): string[] =>
  [...fleet.members.values()].flatMap(({ name, failed }) => (failed ? [name] : []));

/**
 * 0 when all hosts got to the end, 4 when some did, 1 when none did.
 * @param limit those that count, where a run is about some of them only
 */
export function outcome(fleet: Fleet, limit?: readonly string[]): number {
  const counted = limit ? new Set(limit).size : fleet.members.size;
  const failed = lostIn(fleet).filter((name) => limit?.includes(name) ?? true).length;
  if (failed === 0) return ExitCode.ok;
  return failed === counted ? ExitCode.failed : ExitCode.someHostsFailed;
}
