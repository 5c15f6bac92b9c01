import { randomBytes } from 'node:crypto';
import { type Fleet, type Member, alive } from './fleet.ts';
import { type Hold, holdOn } from './lock-holder.ts';
import { stopIfAsked } from './stop.ts';

/** The lock of a run on the hosts that it works on. */
export interface RunLock {
  /** Aborted with E_LOCK_LOST when the lock is gone from a host that every run must have. */
  readonly lost: AbortSignal;
  /** What a batch proves with, on its host, that the lock is still held there; taken first where it was not yet. */
  proofOn(member: Member): Promise<string>;
  release(): Promise<void>;
}

export interface LockWish {
  /** Who we are, for others. */
  readonly owner: string;
  /** Hosts that every run with changes locks, whatever it changes: two with nothing else in common meet there. */
  readonly essential: (host: string) => boolean;
  /** Hosts that something is to be changed on. */
  readonly touched: ReadonlySet<string>;
  /** Ends the wait for a step of an earlier run. */
  readonly stop: AbortSignal;
}

/**
 * Takes the cluster's lock. The first of the essential hosts, in sorted order, alone, so that of two controllers one
 * gets it and the other touches nothing; then the rest at once.
 * @throws E_LOCKED naming who holds it and since when; E_LOCK; E_ABORTED
 */
export async function lockAll(fleet: Fleet, wish: LockWish): Promise<RunLock> {
  const { essential, touched, owner, stop } = wish;
  const token = randomBytes(16).toString('hex');
  const held = new Map<string, Promise<Hold>>();
  const lost = new AbortController();
  const sorted = alive(fleet)
    .filter(({ name }) => essential(name) || touched.has(name))
    .toSorted((a, b) => Number(essential(b.name)) - Number(essential(a.name)) || (a.name < b.name ? -1 : 1));
  const [first, ...rest] = sorted;
  const take = (member: Member): Promise<Hold> => {
    const known = held.get(member.name) ?? holdOn(fleet, member, { owner, token, stop });
    held.set(member.name, known);
    return known;
  };
  const watched = async (member: Member): Promise<void> => {
    const { ended } = await take(member);
    if (member !== first && !essential(member.name)) return; // its own batches find out
    void ended.then((why) => {
      lost.abort(why);
    });
  };
  const release = async (): Promise<void> => {
    await Promise.allSettled([...held.values()].map(async (hold) => (await hold).release()));
  };
  try {
    if (first) await watched(first);
    const results = await Promise.allSettled(rest.map(watched));
    const refused = results.find((result) => result.status === 'rejected');
    if (refused) throw refused.reason;
  } catch (error) {
    await release();
    throw error;
  }
  return {
    lost: lost.signal,
    // Whoever has lost the others' lock changes nothing more anywhere, and locks no further host.
    proofOn: async (member) => {
      stopIfAsked(lost.signal);
      await take(member);
      stopIfAsked(lost.signal);
      return token;
    },
    release,
  };
}
