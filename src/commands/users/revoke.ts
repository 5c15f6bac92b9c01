import { existsSync } from 'node:fs';
import type { Run, RunOptions } from '../../cluster/visit.ts';
import { lostIn } from '../../cluster/visit-hosts.ts';
import { BootstrapError, ExitCode, asBootstrapError } from '../../kernel/errors.ts';
import { accessLists } from '../../phases/control-plane/users.ts';
import { sightings } from '../../run/fleet.ts';
import { userFolder } from '../../users/credentials.ts';
import { isUnknownTo } from '../../users/decisions.ts';
import { unknownUser } from '../../users/user-named.ts';
import { checkNames } from '../../inventory/user-names.ts';
import { applyUsers } from './apply-users.ts';
import { openState } from '../../cluster/open-state.ts';

/**
 * Takes back what a user was given: bindings and token row, on all masters, and the files on the controller. Of a name
 * that is not known here the masters are asked first: one that they do not know either was mistyped.
 * @throws E_USER_DECLARED while the inventory wants the user; E_USER_UNKNOWN; as `up`
 */
export async function revokeUser(name: string, options: RunOptions): Promise<number> {
  const state = await openState(options);
  const { inventory, users, now, stateFolder } = state;
  checkNames({ name, groups: [], namespaces: [], allowSystem: true });
  if (users.isDeclared(name)) {
    throw new BootstrapError('E_USER_DECLARED', `${name} is declared in ${inventory.file}`, {
      hint: 'Take the user out of users: there first, or the next "up" makes it anew.',
      exitCode: ExitCode.usage,
    });
  }
  const groups = users.users().find((user) => user.name === name)?.groups ?? [];
  // What an earlier run could not take from a master, this one has to: nothing here tells any more that there was a token.
  const isRevoked = users.revoked().some((one) => one.name === name);
  const isKnown = isRevoked || [...users.users(), ...users.issued()].some((one) => one.name === name);
  const tokens = !isKnown || isRevoked || users.tokenOf(name) !== undefined;
  const folder = userFolder(stateFolder, name);
  const hadFiles = existsSync(folder);
  const here = users.decisions().find((one) => one.name === name);
  const found = { isRecorded: false, isOld: false };
  const apply = (withTokens: boolean): ReturnType<typeof applyUsers> =>
    applyUsers({ ...options, state }, name, withTokens, async ({ run, stands, there }) => {
      const isAsked = stands || lostIn(run.fleet).length > 0;
      if (!isKnown && !there && isAsked) refuseUnknown(name, run);
      if (!isKnown && !isAsked) return;
      found.isOld = here !== undefined && there !== undefined && isUnknownTo(there, here);
      await users.revoke(name, there?.rights === undefined ? undefined : there.at);
      found.isRecorded = true;
    });
  const first = await apply(tokens).catch(async (thrown: unknown) => {
    // Whatever is amiss on the masters: the next "up" takes back what this could not.
    if (isKnown && !found.isRecorded) await users.revoke(name);
    throw isKnown || found.isRecorded ? stillIn(name, asBootstrapError(thrown)) : thrown;
  });
  // Since this folder was written the user may have got a token.
  const { code, missed } = found.isOld && !tokens ? await apply(true) : first;
  const left = users.issued().filter((one) => one.name === name && new Date(one.expires) > now);
  options.emit({
    type: 'result',
    answer: 'users-revoke',
    data: {
      user: name,
      applied: code === ExitCode.ok,
      missed,
      deleted: hadFiles ? folder : null,
      certificates: left,
      groups,
    },
  });
  return code;
}

/** A run that failed: what it says is true, and not what somebody who takes rights back has to know first. */
const stillIn = (
  name: string,
  { code, message, hint, where, exitCode, cause }: BootstrapError,
): BootstrapError =>
  new BootstrapError(code, message, {
    hint: `${name} is revoked on this machine only, and may still get in: run this again when the cause is gone. ${hint ?? ''}`.trim(),
    where,
    exitCode,
    cause,
  });

/** @throws E_USER_UNKNOWN when no master holds anything of the user; E_API while that cannot be told */
function refuseUnknown(name: string, { cluster, fleet }: Run): void {
  const seen = sightings(fleet);
  const known = cluster.forgotten(seen);
  if (known.includes(name)) return;
  const answered = [...seen.values()].some((one) =>
    accessLists.every((list) => one.object(list)?.status === 200),
  );
  const lost = lostIn(fleet);
  if (answered && lost.length === 0) throw unknownUser(cluster.users, name, known);
  const why = answered ? `${lost.join(', ')} could not be asked` : 'no API server answers on the masters';
  throw new BootstrapError('E_API', `whether the cluster has a user ${name} is not known: ${why}`, {
    hint: 'Nothing was recorded. "k8s-bootstrap users list" shows the users, "k8s-bootstrap status" how the masters are.',
  });
}
