import { setTimeout as sleep } from 'node:timers/promises';
import { paths } from '../kernel/host-paths.ts';
import { BootstrapError, ExitCode, asBootstrapError } from '../kernel/errors.ts';
import { quotable } from '../kernel/quotable.ts';
import { quote } from '../kernel/quote.ts';
import { LOCK_REVOKED } from '../resources/compile.ts';
import { STATE } from '../resources/steps/functions.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';
import { stopIfAsked } from './stop.ts';

/** The holder on the host gives up when it hears nothing for this long: a dead controller's lock expires. */
export const EXPIRES_SECONDS = 45;
/** In turns, each longer than a heartbeat takes to come: between them it looks whether its lock was taken away. */
const TURNS = '1 2 3';
const TURN_SECONDS = EXPIRES_SECONDS / 3;
const HEARTBEAT_MS = 10_000;
/** Each heartbeat is answered. Without an answer for this long the lock counts as lost, before the host gives it up. */
const UNANSWERED_MS = 35_000;
const LOCKED = 75;

export interface Claim {
  readonly owner: string;
  readonly token: string;
  readonly stop: AbortSignal;
}

export interface Hold {
  /** Resolves to E_LOCK_LOST when it ends without having been released. */
  readonly ended: Promise<BootstrapError>;
  release(): Promise<void>;
}

/**
 * One exec holds the lock for the whole run, however long that is, fed by heartbeats that it answers. Before it says
 * that it has it, it waits for a step that an earlier, dead controller may have left working (those hold `busy`).
 * @throws E_LOCKED, E_LOCK; E_ABORTED when that wait is interrupted
 */
export async function holdOn(fleet: Fleet, member: Member, { owner, token, stop }: Claim): Promise<Hold> {
  stopIfAsked(stop);
  let releasing = false;
  const wake = new AbortController();
  const giveUp = new AbortController();
  /** When the heartbeats that have no answer yet went out, and when the last one did that has. */
  const unanswered: number[] = [];
  let answered = performance.now();
  async function* heartbeats(): AsyncGenerator<Uint8Array> {
    while (!releasing) {
      if (performance.now() - answered > UNANSWERED_MS) giveUp.abort();
      unanswered.push(performance.now());
      yield Buffer.from('.');
      await sleep(HEARTBEAT_MS, undefined, { signal: wake.signal }).catch(() => undefined);
    }
  }
  let taken = (): void => undefined;
  const ready = new Promise<undefined>((resolve) => {
    taken = () => {
      resolve(undefined);
    };
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString('utf8').replaceAll('.', () => {
      answered = unanswered.shift() ?? answered;
      return '';
    });
    if (said.includes('busy\n')) {
      said = '';
      const message = 'a step of an earlier run is still working there; it is waited for';
      fleet.emit({ type: 'note', level: 'warn', host: member.name, message });
    }
    if (said.includes('locked\n')) taken();
  };
  const holder = runOn(fleet, member, {
    script: script(owner, token),
    payload: heartbeats(),
    onStdout: listen,
    timeoutMs: Infinity,
    signal: AbortSignal.any([fleet.kill, giveUp.signal]),
  });
  const interrupt = (): void => {
    giveUp.abort();
  };
  stop.addEventListener('abort', interrupt);
  try {
    const ended = await Promise.race([ready, holder]);
    if (ended) throw refusal(member, ended.code, quotable(ended.stdout));
  } catch (error) {
    stopIfAsked(stop);
    throw error;
  } finally {
    stop.removeEventListener('abort', interrupt);
  }
  return {
    ended: new Promise((resolve) => {
      const end = (why: string): void => {
        if (releasing) return;
        resolve(
          lockLost(member.name, giveUp.signal.aborted ? `no answer in ${UNANSWERED_MS / 1000} s` : why),
        );
      };
      holder.then(
        () => {
          end('its holder there has ended');
        },
        (thrown: unknown) => {
          end(asBootstrapError(thrown).message);
        },
      );
    }),
    release: async () => {
      releasing = true;
      wake.abort();
      await holder.catch(() => undefined);
    },
  };
}

/**
 * The descriptor is the lock; the file beside it says whose it is, to people and to batches. A run whose lock was taken
 * away (`held-lock.ts`) ends with its next heartbeat. Whoever only looks has the lock for a moment: that is waited for.
 */
const script = (owner: string, token: string): string => `
umask 077
trap '' PIPE
mkdir -p ${STATE}
exec 9>>${paths.lock}
flock -w 1 9 || { head -n 1 ${paths.lockOwner} 2>/dev/null; exit ${LOCKED}; }
rm -f ${LOCK_REVOKED}
printf '%s since %s\\n%s\\n' ${quote(owner)} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(token)} > ${paths.lockOwner}
revoked() { grep -qsxF -- ${quote(token)} ${LOCK_REVOKED}; }
beat() {
  for turn in ${TURNS}; do
    if [ "$(timeout ${TURN_SECONDS} head -c 1 <&3)" = . ]; then printf .; ! revoked; return; fi
    if revoked; then return 1; fi
  done
  false
}
exec 8>>${STATE}/busy
flock -n 8 || { echo busy; until flock -w 10 8; do beat || { rm -f ${paths.lockOwner}; exit ${LOCKED}; }; done; }
exec 8>&-
echo locked
while beat; do :; done
rm -f ${paths.lockOwner}`;

/** What a run ends with when nobody keeps others out any more. */
export const lockLost = (host: string, why: string): BootstrapError =>
  new BootstrapError('E_LOCK_LOST', `the lock on ${host} is lost: ${why}`, {
    hint: 'Was this machine asleep or cut off, or has somebody taken the lock away (k8s-bootstrap unlock)? Others may be working on the cluster by now. Run the command again: it goes on where this run stopped.',
    where: { host },
  });

function refusal(member: Member, code: number, said: string): BootstrapError {
  if (code !== LOCKED) {
    return new BootstrapError(
      'E_LOCK',
      `the lock on ${member.name} could not be taken: ${said || `code ${code}`}`,
    );
  }
  return new BootstrapError('E_LOCKED', `${member.name} is being changed by ${said || 'another run'}`, {
    exitCode: ExitCode.locked,
    hint: `Wait for that run. If it is dead, its lock expires by itself within ${EXPIRES_SECONDS} seconds; "k8s-bootstrap unlock" takes it from one that is not.`,
    where: { host: member.name },
  });
}
