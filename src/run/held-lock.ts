import { BootstrapError } from '../kernel/errors.ts';
import { quotable } from '../kernel/quotable.ts';
import { quote } from '../kernel/quote.ts';
import { LOCK, LOCK_OWNER } from '../resources/compile.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';
import { EXPIRES_SECONDS } from './lock-holder.ts';

/** A lock that somebody holds. */
export interface Held {
  /** `root@laptop (pid 12) since 2026-11-30T08:00:00Z`. */
  readonly by: string;
  readonly token: string;
}

const HELD = 75;
const ANOTHERS = 76;

/** Who holds the lock of a host now; `undefined` when nobody does. */
export async function heldOn(fleet: Fleet, member: Member): Promise<Held | undefined> {
  const { code, stdout } = await runOn(fleet, member, { script: LOOK });
  if (code === 0) return undefined;
  if (code !== HELD) throw failed(member, `code ${code}`);
  const [by = '', token = ''] = stdout.toString('utf8').split('\n');
  return { by: quotable(by) || 'a run that has just begun', token };
}

/**
 * Has the holder of a lock end, so that its run finds it lost; nothing when it has let go by itself.
 * @throws E_LOCK when it is another's by now, or does not end
 */
export async function takeFrom(fleet: Fleet, member: Member, { token }: Held): Promise<void> {
  const { code } = await runOn(fleet, member, { script: take(token) });
  if (code === 0) return;
  throw failed(member, code === ANOTHERS ? 'another run has it by now' : 'its holder does not end');
}

const failed = (member: Member, why: string): BootstrapError =>
  new BootstrapError('E_LOCK', `the lock on ${member.name} could not be taken away: ${why}`, {
    hint: 'Run it again to see who holds it now.',
    where: { host: member.name },
  });

/** Nothing is written: a host that was never changed has no such file. */
const LOOK = `[ -e ${LOCK} ] || exit 0
exec 9<${LOCK}
if flock -n 9; then exit 0; fi
head -n 2 ${LOCK_OWNER} 2>/dev/null
exit ${HELD}`;

/** Batches of the run go by that file; its holder waits for one heartbeat more, or until it has waited long enough. */
const take = (token: string): string => `exec 9<${LOCK}
if flock -n 9; then exit 0; fi
[ "$(sed -n 2p ${LOCK_OWNER} 2>/dev/null)" = ${quote(token)} ] || exit ${ANOTHERS}
rm -f ${LOCK_OWNER}
flock -w ${EXPIRES_SECONDS + 5} 9`;
