import { howToSettle, isBack, outdated, whatIsOld } from '../phases/control-plane/outdated-users.ts';
import { isApiHost } from '../phases/shared/topology.ts';
import { type Check, type Result, type Subject, error } from './check.ts';

/** A state folder that is older than the cluster must not change anybody's rights. */
export const outdatedUsersChecks: readonly Check[] = [
  {
    id: 'revoked-users',
    title: 'nobody comes back who was revoked',
    check: (subject) => found(subject, true),
  },
  {
    id: 'outdated-users',
    title: 'nobody gets other rights than were decided last',
    check: (subject) => found(subject, false),
  },
];

const found = ({ world, host }: Subject, back: boolean): Result[] =>
  isApiHost(world, host)
    ? outdated(world)
        .filter((one) => isBack(one) === back)
        .flatMap((one) => error(whatIsOld(one), howToSettle(one)))
    : [];
