import { randomBytes } from 'node:crypto';
import pMap from 'p-map';
import { breathe, inTurns } from '../kernel/breather.ts';
import { BootstrapError, asBootstrapError } from '../kernel/errors.ts';
import { retry } from '../kernel/retry.ts';
import { type Watch, type Observed } from '../probe/observe.ts';
import { merge, probeEnd, probeScript, readProbe } from '../probe/probe.ts';
import type { Change } from '../resources/resource.ts';
import { type ScriptOptions, runScript } from '../transport/feed.ts';
import { cutProbe, knownBetter, notStarted } from './host-words.ts';
import type { Connect, ExecResult, Session, SessionStats } from '../transport/session.ts';
import type { Emit, HostSummary } from './events.ts';

/** One host during a run. Everything that changes in a run is in these. */
export interface Member {
  readonly name: string;
  /** The connection. Among many hosts it is let go when nothing needs it, and made anew when something does. */
  session: Promise<Session> | undefined;
  /** What is done over it now. */
  busy: number;
  /** What all its connections have counted. */
  readonly stats: SessionStats[];
  seen: Observed | undefined;
  /** When it was last asked everything, for judging its clock. */
  time: Asked | undefined;
  failed: BootstrapError | undefined;
  /** Changes executed on it so far, by resource id: what `restartOn` looks at. */
  readonly done: Map<string, Change>;
  readonly restarted: string[];
  changed: number;
  seconds: number;
}

/** When a question went out and its answer was there: seconds since 1970 by the controller's clock. */
export interface Asked {
  readonly asked: number;
  readonly answered: number;
}

export interface Fleet {
  readonly members: ReadonlyMap<string, Member>;
  readonly emit: Emit;
  readonly connect: Connect;
  /** A host's own address, as the others reach it: what is asked of it finds it in `$IP`. */
  readonly addressOf: (host: string) => string;
  /** How many hosts are worked on at a time; where there are more, connections are not kept. */
  readonly concurrency: number;
  /** Aborted by a second interrupt: stops even a running command. */
  readonly kill: AbortSignal;
  /** What digests of secrets on a host are salted with, where they are compared with those of an earlier run. */
  readonly nonceOf?: ((host: string) => string | undefined) | undefined;
  /** What to tell of an error by what a host said, where that is known. */
  readonly knownError: (said: string) => { readonly code: string; readonly hint: string } | undefined;
}

export function makeFleet(hosts: readonly string[], options: Omit<Fleet, 'members'>): Fleet {
  const member = (name: string): [string, Member] => [
    name,
    {
      name,
      session: undefined,
      busy: 0,
      stats: [],
      seen: undefined,
      time: undefined,
      failed: undefined,
      done: new Map(),
      restarted: [],
      changed: 0,
      seconds: 0,
    },
  ];
  return { ...options, members: new Map(hosts.map(member)) };
}

/** Hosts that are still part of the run. */
export const alive = (fleet: Fleet): Member[] =>
  [...fleet.members.values()].filter(({ failed }) => failed === undefined);

/** What is known of every host that was reached. */
export const sightings = (fleet: Fleet): Map<string, Observed> =>
  new Map(alive(fleet).flatMap(({ name, seen }) => (seen ? [[name, seen]] : [])));

/** Calls `action` for hosts side by side; a host whose action throws leaves the run with that error. */
export async function onEach(
  fleet: Fleet,
  members: readonly Member[],
  phase: string | undefined,
  action: (member: Member) => Promise<void>,
): Promise<void> {
  await pMap(
    members,
    async (member) => {
      await breathe();
      const started = performance.now();
      try {
        await action(member);
      } catch (thrown) {
        const where = { host: member.name, ...(phase === undefined ? {} : { phase }) };
        member.failed = asBootstrapError(thrown).at(where);
        fleet.emit({ type: 'host.failed', ...where, error: member.failed });
      } finally {
        if (fleet.members.size > fleet.concurrency && member.busy === 0) await letGo(member);
        member.seconds += (performance.now() - started) / 1000;
      }
    },
    { concurrency: fleet.concurrency },
  );
}

/** Connects to every host, and goes on with each as soon as it is there. */
export const connectAll = (fleet: Fleet, next?: (member: Member) => Promise<void>): Promise<void> =>
  onEach(fleet, alive(fleet), undefined, async (member) => {
    await sessionOf(fleet, member);
    await next?.(member);
  });

/** Runs a script on a host; as `runScript`, and ends with the run unless another signal is given. */
export async function runOn(fleet: Fleet, member: Member, script: ScriptOptions): Promise<ExecResult> {
  member.busy += 1;
  try {
    const session = await sessionOf(fleet, member);
    const result = await runScript(session, { signal: fleet.kill, ...script });
    if (!result.started) throw notStarted(fleet, result);
    return result;
  } catch (thrown) {
    throw knownBetter(fleet, thrown);
  } finally {
    member.busy -= 1;
  }
}

/** The connection to a host, made when there is none. */
function sessionOf(fleet: Fleet, member: Member): Promise<Session> {
  return (member.session ??= connect(fleet, member));
}

async function connect(fleet: Fleet, member: Member): Promise<Session> {
  fleet.emit({ type: 'host.connecting', host: member.name, attempt: 1 });
  try {
    const session = await fleet.connect(member.name, fleet.kill);
    member.stats.push(session.stats);
    fleet.emit({ type: 'host.connected', host: member.name });
    return session;
  } catch (error) {
    member.session = undefined;
    throw knownBetter(fleet, error);
  }
}

/** Closes the connection to a host; what comes next makes another. */
export async function letGo(member: Member): Promise<void> {
  const { session } = member;
  member.session = undefined;
  await session?.then((open) => open.close()).catch(() => undefined);
}

export const closeAll = async (fleet: Fleet): Promise<void> => {
  await Promise.all([...fleet.members.values()].map(letGo));
};

/** Lists of all objects come with it: a thousand nodes are 20 MB. */
const PROBE_LIMIT = 64 * 1024 ** 2;

/**
 * Asks a host everything in one exec; what was known before and is not asked again is kept. Where a file was written at
 * that moment it is asked again.
 */
export const probe = (fleet: Fleet, member: Member, watches: readonly Watch[]): Promise<Observed> =>
  retry(() => probeOnce(fleet, member, watches), {
    attempts: 4,
    delayMs: 200,
    signal: fleet.kill,
    when: (error) => error instanceof BootstrapError && error.code === 'E_CHANGING',
  });

async function probeOnce(fleet: Fleet, member: Member, watches: readonly Watch[]): Promise<Observed> {
  // Digests of secrets are salted with it: those kept from an earlier look must stay comparable.
  const nonce = member.seen?.nonce ?? fleet.nonceOf?.(member.name) ?? randomBytes(16).toString('hex');
  const started = performance.now();
  const asked = Date.now() / 1000;
  const result = await runOn(fleet, member, {
    script: probeScript(watches, nonce, fleet.addressOf(member.name)),
    lastWords: probeEnd(nonce),
    timeoutMs: 60_000,
    outputLimit: PROBE_LIMIT,
  });
  // Reading the answer waits for its turn, beside those of others: that must not count.
  if (!member.seen) member.time = { asked, answered: Date.now() / 1000 };
  if (result.stdout.lastIndexOf(probeEnd(nonce)) < 0) throw cutProbe(fleet, nonce, result);
  const seen = await inTurns(readProbe(watches, nonce, result.stdout));
  member.seen = member.seen ? merge(member.seen, seen) : seen;
  fleet.emit({
    type: 'host.probed',
    host: member.name,
    milliseconds: Math.round(performance.now() - started),
  });
  return seen;
}

/** What to look at on a host before anything is known of it. */
export type Watches = (host: string) => readonly Watch[];

export const probeAll = (fleet: Fleet, watches: Watches): Promise<void> =>
  onEach(fleet, alive(fleet), undefined, (member) => probeAnew(fleet, member, watches));

/** Asks a host everything that there is to ask of it; what was known before is forgotten. */
export async function probeAnew(fleet: Fleet, member: Member, watches: Watches): Promise<void> {
  member.seen = undefined;
  await sessionOf(fleet, member); // its clock is compared with ours: dialling must not count
  await probe(fleet, member, watches(member.name));
}

export const hostSummaries = (fleet: Fleet): HostSummary[] =>
  [...fleet.members.values()].map(({ name, changed, failed, stats, restarted, seconds }) => ({
    name,
    changed,
    failed: failed !== undefined,
    connections: stats.reduce((sum, { connections }) => sum + connections, 0),
    execs: stats.reduce((sum, { execs }) => sum + execs, 0),
    restarted,
    seconds: Math.round(seconds * 10) / 10,
  }));
