import type { User } from '../inventory/types.ts';
import { canonical } from '../kernel/canonical.ts';
import { oncePer } from '../kernel/once-per.ts';
import { sha256 } from '../resources/content.ts';
import { accessOf } from './access.ts';

/** What was decided last of a person: to let the person in with certain rights, or to revoke them. */
export interface Decision {
  readonly name: string;
  /** ISO 8601 to the millisecond, UTC: by their order as texts later ones come later. */
  readonly at: string;
  /** Digest of what the person was given; `undefined` of one who was revoked. */
  readonly rights: string | undefined;
}

/** When those were let in of whom nobody wrote down when. */
export const LONG_AGO = new Date(0).toISOString();

/** 128 bits: nobody gains by two users of the same digest, and thousands of them have room in one object. */
const DIGITS = 32;

/**
 * Digest of what a user has in the cluster, made of nothing but that, so that `adopt` comes to the same: whether there is
 * a token, the groups in its row, the role and where it holds. Groups in a certificate are its holder's until it expires.
 */
export const rightsDigest = oncePer((user: User): string => {
  const { auth, groups, role, clusterRole } = user;
  const places = accessOf(user).own.flatMap(({ metadata: { namespace } }) => namespace ?? []);
  const token = auth !== 'cert' && [...new Set(groups)].sort();
  return sha256(canonical({ token, role, clusterRole, places: [...new Set(places)].sort() })).slice(
    0,
    DIGITS,
  );
});

/** Whether the first is not known to whom the second was said last: made since, or another one of the same moment. */
export function isUnknownTo(there: Decision, here: Decision): boolean {
  if (there.rights === undefined && here.rights === undefined) return false;
  return there.at > here.at || (there.at === here.at && there.rights !== here.rights);
}

/** The last of each person, by name; of two of the same moment, that somebody was revoked. */
export function lastOf(decisions: readonly Decision[]): Map<string, Decision> {
  const last = new Map<string, Decision>();
  for (const one of decisions) {
    const known = last.get(one.name);
    const wins = !known || one.at > known.at || (one.at === known.at && one.rights === undefined);
    if (wins) last.set(one.name, one);
  }
  return last;
}

/** A moment behind others, also when the clock was set back in between: what was decided last is last. */
export function momentAfter(now: Date, ...earlier: readonly (string | undefined)[]): string {
  const after = earlier.flatMap((at) => (at === undefined ? [] : Date.parse(at) + 1));
  return new Date(Math.max(now.getTime(), ...after)).toISOString();
}
