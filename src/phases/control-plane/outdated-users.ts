import { BootstrapError } from '../../kernel/errors.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';
import { UNANSWERED, isAnswered, kubeObject } from '../../resources/cluster/object.ts';
import { bytes } from '../../resources/content.ts';
import { type Change, type Resource, none } from '../../resources/resource.ts';
import type { Observed } from '../../probe/observe.ts';
import { type Decision, LONG_AGO, isUnknownTo, lastOf } from '../../users/decisions.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
import { DECIDED, decidedIn, decidedInCluster, decidedObject, overSeen } from './decided-users.ts';

/** A person of whom something else was decided than the state folder knows. */
export interface Outdated {
  readonly here: Decision;
  readonly there: Decision;
}

/**
 * Of whom the state folder is older than the cluster: somebody works with another one, or an old `users.yaml` has come
 * back. Whom the inventory declares is its to say.
 */
export function outdated(world: World): Outdated[] {
  const decided = decidedInCluster(world);
  return world.users.decisions().flatMap((here) => {
    const there = decided.get(here.name);
    return there && isUnknownTo(there, here) ? [{ here, there }] : [];
  });
}

/** Whether a cluster stands of which no API server has told what was decided. */
export const isUndecided = (world: World): boolean => {
  const masters = withRole(world, 'master');
  return (
    masters.some(({ name }) => world.facts(name).cluster !== undefined) &&
    !masters.some(({ name }) => isAnswered(world.seen(name) ?? UNSEEN, DECIDED))
  );
};

const UNSEEN = { object: () => undefined };

/** What was decided of whom the state folder knows nothing: another one let them in. */
export function letInElsewhere(world: World): Decision[] {
  const { users } = world;
  const known = new Set([...users.users(), ...users.revoked()].map(({ name }) => name));
  const decided = [...decidedInCluster(world).values()];
  return decided.filter(({ name, rights }) => rights !== undefined && !known.has(name));
}

/** @throws E_USER_REVOKED, E_USER_OUTDATED before anybody gets other rights than were decided last */
export function refuseOutdated(world: World): void {
  const [first] = outdated(world);
  if (first) throw refusal(first);
}

export const refusal = (one: Outdated): BootstrapError =>
  new BootstrapError(isBack(one) ? 'E_USER_REVOKED' : 'E_USER_OUTDATED', whatIsOld(one), {
    hint: howToSettle(one),
  });

/** Whether it is about somebody who was revoked, and would be let in again. */
export const isBack = ({ here, there }: Outdated): boolean =>
  there.rights === undefined && here.rights !== undefined;

export function whatIsOld({ here, there }: Outdated): string {
  const { name } = there;
  if (there.rights === undefined) {
    const since = here.at === LONG_AGO ? '' : ` as of ${dayOf(here)}`;
    return `the state folder lets in ${name}${since}, who was revoked on ${dayOf(there)}`;
  }
  if (here.rights === undefined) {
    return `the state folder says that ${name} was revoked on ${dayOf(here)}, who was let in again on ${dayOf(there)}`;
  }
  return here.at === there.at
    ? `the state folder gives ${name} other rights than were decided${sinceOf(there)}`
    : `the state folder has what ${name} was given${sinceOf(here) || ' at some time'}, and it was decided anew on ${dayOf(there)}`;
}

export function howToSettle(one: Outdated): string {
  const { name } = one.there;
  const how = isBack(one) ? 'to let the user in again' : `with all that ${name} is to have`;
  return `Its users.yaml is from before that, or was changed by hand. "k8s-bootstrap adopt" takes over what the cluster has; or say what holds: "k8s-bootstrap users revoke ${name}", or "k8s-bootstrap issue-user ${name}" ${how}.`;
}

/** To the minute: who is asked compares two of these. */
const dayOf = ({ at }: Decision): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;
const sinceOf = (one: Decision): string => (one.at === LONG_AGO ? '' : ` on ${dayOf(one)}`);

/**
 * Rights that are given or taken only when the cluster has told what was decided: where no API server answered at the
 * start, that is known only now. Its steps throw E_USER_REVOKED or E_USER_OUTDATED.
 */
export const unlessOutdated = (world: World, rights: Resource): Resource => ({
  ...rights,
  watches: [...rights.watches, { kind: 'object', key: DECIDED }],
  diff(seen, upstream): Change {
    return isAnswered(seen, DECIDED) ? rights.diff(seen, upstream) : UNANSWERED;
  },
  steps(change, seen) {
    refuseOutdated(world);
    return rights.steps(change, seen);
  },
});

/**
 * What was decided of people, in the cluster: what it knows already and what this state folder knows, of each what came
 * last. Of those who are forgotten nothing stays that says they were let in, where a run prunes.
 */
export function decisions(world: World, forgotten: readonly string[]): Resource {
  const { users } = world;
  const goes = new Set(world.prune ? forgotten : []);
  const wanted = (seen: Observed): Decision[] => {
    const there = new Map(decidedIn(seen).map((one) => [one.name, one]));
    const here = users.decisions().filter((one) => {
      const known = there.get(one.name);
      return !known || !isUnknownTo(known, one);
    });
    return [...lastOf([...there.values(), ...here]).values()].filter(
      ({ name, rights }) => !users.isDeclared(name) && (rights === undefined || !goes.has(name)),
    );
  };
  return {
    id: 'revocations',
    title: 'who was let in and who was revoked',
    watches: [{ kind: 'object', key: DECIDED }],
    diff(seen, upstream): Change {
      const decided = wanted(seen);
      const nothing = decided.length === 0 && seen.object(DECIDED)?.status !== 200;
      return nothing
        ? none('nothing was decided')
        : kubeObject(DECIDED, decidedObject(decided, seen), kubectl).diff(seen, upstream);
    },
    // Not by "apply", which keeps all of it once more in an annotation, where there is room for 2,000 names.
    steps(change, seen) {
      const decided = decidedObject(wanted(seen), seen);
      const isNew = change.kind === 'create';
      return [
        {
          op: 'run',
          title: 'write down who was let in and who was revoked',
          script: `${kubectl} ${isNew ? 'create' : 'replace'} -f -`,
          stdin: bytes(JSON.stringify(isNew ? decided : overSeen(decided, seen))),
        },
      ];
    },
  };
}
