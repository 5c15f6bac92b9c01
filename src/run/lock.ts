import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { quote } from '../kernel/quote.ts';
import { STATE } from '../resources/compile.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';

/** The holder on the host gives up when it hears nothing for this long: a dead controller's lock expires. */
const EXPIRES_SECONDS = 45;
const HEARTBEAT_MS = 10_000;
const LOCKED = 75;

export interface HeldLock {
  release(): Promise<void>;
}

/**
 * Takes the cluster's lock on the given hosts. The first in sorted order alone, so that of two
 * controllers one gets it and the other touches nothing; then the rest at once.
 * @throws E_LOCKED naming who holds it and since when
 */
export async function lockAll(fleet: Fleet, members: readonly Member[], owner: string): Promise<HeldLock> {
  const [first, ...rest] = members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (!first) return { release: () => Promise.resolve() };
  const held: HeldLock[] = [];
  const release = async (): Promise<void> => {
    await Promise.allSettled(held.map((lock) => lock.release()));
  };
  try {
    held.push(await lock(fleet, first, owner));
    const results = await Promise.allSettled(rest.map((member) => lock(fleet, member, owner)));
    for (const result of results) if (result.status === 'fulfilled') held.push(result.value);
    const refused = results.find((result) => result.status === 'rejected');
    if (refused) throw refused.reason;
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/**
 * One exec holds the lock for the whole run, fed by heartbeats. Before it says so, it waits for a step
 * that an earlier, dead controller may have left working (those hold `busy`).
 */
async function lock(fleet: Fleet, member: Member, owner: string): Promise<HeldLock> {
  let releasing = false;
  const wake = new AbortController();
  async function* heartbeats(): AsyncGenerator<Uint8Array> {
    while (!releasing) {
      yield Buffer.from('.');
      await sleep(HEARTBEAT_MS, undefined, { signal: wake.signal }).catch(() => undefined);
    }
  }
  let taken: (() => void) | undefined;
  const ready = new Promise<'ready'>((resolve) => {
    taken = () => {
      resolve('ready');
    };
  });
  let said = '';
  const holder = runOn(fleet, member, {
    script: script(owner),
    payload: heartbeats(),
    onStdout: (chunk) => {
      said += chunk.toString('utf8');
      if (said.includes('locked\n')) taken?.();
    },
  });
  const ended = await Promise.race([ready, holder]);
  if (ended !== 'ready') throw refusal(member, ended.code, ended.stdout.toString('utf8').trim());
  return {
    release: async () => {
      releasing = true;
      wake.abort();
      await holder.catch(() => undefined);
    },
  };
}

const script = (owner: string): string => `
umask 077
mkdir -p ${STATE}
exec 9>>${STATE}/lock
flock -n 9 || { cat ${STATE}/lock.owner 2>/dev/null; exit ${LOCKED}; }
printf '%s since %s\\n' ${quote(owner)} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" > ${STATE}/lock.owner
exec 8>>${STATE}/busy
flock -w 600 8 || { echo "a step of an earlier run that is still working"; exit ${LOCKED}; }
exec 8>&-
echo locked
while [ "$(timeout ${EXPIRES_SECONDS} head -c 1 <&3)" = . ]; do :; done
rm -f ${STATE}/lock.owner`;

function refusal(member: Member, code: number, said: string): BootstrapError {
  if (code !== LOCKED) {
    return new BootstrapError(
      'E_LOCK',
      `the lock on ${member.name} could not be taken: ${said || `code ${code}`}`,
    );
  }
  return new BootstrapError('E_LOCKED', `${member.name} is being changed by ${said || 'another run'}`, {
    exitCode: ExitCode.locked,
    hint: `Wait for that run. If it is dead, its lock expires by itself within ${EXPIRES_SECONDS} seconds.`,
    where: { host: member.name },
  });
}
