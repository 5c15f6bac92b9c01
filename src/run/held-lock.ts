import { paths } from '../kernel/host-paths.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { quotable } from '../kernel/quotable.ts';
import { quote } from '../kernel/quote.ts';
import { LOCK_REVOKED } from '../resources/compile.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';
import { EXPIRES_SECONDS } from './lock-holder.ts';

/** A lock that somebody holds. */
export interface Held {
  /** `root@laptop (pid 12) since 2026-11-30T08:00:00Z`. */
  readonly by: string;
  /** Of the run; empty where it is a script that somebody runs by hand. */
  readonly token: string;
}

const HELD = 75;

/** Who holds the lock of a host now; `undefined` when nobody does. */
export async function heldOn(fleet: Fleet, member: Member): Promise<Held | undefined> {
  const { code, stdout } = await runOn(fleet, member, { script: LOOK });
  if (code === 0) return undefined;
  if (code !== HELD) throw failed(member, `code ${code}`);
  const [by = '', token = ''] = stdout.toString('utf8').split('\n');
  return { by: quotable(by) || 'a run that has just begun', token };
}

/**
 * Has the run that holds a lock find it lost: at once none of its steps is begun, and its holder ends with the next
 * heartbeat. Nothing when it has let go by itself.
 * @throws E_LOCK when its holder does not end, or is a script that somebody runs by hand
 */
export async function takeFrom(fleet: Fleet, member: Member, { token, by }: Held): Promise<void> {
  if (token === '') throw failed(member, `${by} is to be ended where it runs`);
  const { code } = await runOn(fleet, member, { script: take(token), timeoutMs: 2 * SETTLE_SECONDS * 1000 });
  if (code !== 0) throw failed(member, 'its holder does not end');
}

const failed = (member: Member, why: string): BootstrapError =>
  new BootstrapError('E_LOCK', `the lock on ${member.name} could not be taken away: ${why}`, {
    hint: 'Run it again to see who holds it now.',
    where: { host: member.name },
  });

/** Nothing is written: a host that was never changed has no such file. */
const LOOK = `[ -e ${paths.lock} ] || exit 0
exec 9<${paths.lock}
if flock -n 9; then exit 0; fi
head -n 2 ${paths.lockOwner} 2>/dev/null
exit ${HELD}`;

/** A holder that hears nothing of its controller any more waits so long. */
const SETTLE_SECONDS = EXPIRES_SECONDS + 5;

const take = (token: string): string => `umask 077
holds() { [ "$(sed -n 2p ${paths.lockOwner} 2>/dev/null)" = ${quote(token)} ]; }
exec 9<${paths.lock}
if flock -n 9 || ! holds; then exit 0; fi
printf '%s\\n' ${quote(token)} >> ${LOCK_REVOKED}
i=0
until flock -w 1 9; do
  holds || exit 0
  i=$((i + 1))
  [ $i -lt ${SETTLE_SECONDS} ] || exit 1
done`;
