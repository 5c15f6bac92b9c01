import { asBootstrapError } from '../../../kernel/errors.ts';
import { runSteps } from '../../../run/apply.ts';
import type { Fleet, Member } from '../../../run/fleet.ts';
import { type LockWish, lockAll } from '../../../run/lock.ts';
import { deleteScript } from './remove-script.ts';

/** A folder may hold a great many files. */
const SECONDS = 3600;

export interface Deletion extends Omit<LockWish, 'touched'> {
  readonly path: string;
}

/**
 * Deletes the folder of an export under the lock of the run, as every change is made.
 * @returns why it was not deleted; `null` when it was
 * @throws E_LOCKED, E_LOCK_LOST
 */
export async function deleteData(fleet: Fleet, member: Member, deletion: Deletion): Promise<string | null> {
  const { path, owner, essential, stop } = deletion;
  const lock = await lockAll(fleet, { owner, essential, stop, touched: new Set([member.name]) });
  try {
    const title = `delete ${path}`;
    const step = { op: 'run', title, script: deleteScript(path), seconds: SECONDS } as const;
    await runSteps(fleet, lock, member, 'nfs-server', [{ step, resource: `directory:${path}` }]);
    member.changed += 1;
    return null;
  } catch (thrown) {
    const error = asBootstrapError(thrown);
    if (error.code.startsWith('E_LOCK')) throw error;
    const [first = '', ...said] = error.message.split('\n');
    return said.join(' ') || first;
  } finally {
    await lock.release();
  }
}
