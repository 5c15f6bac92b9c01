import type { Stage } from './stage.ts';

interface Named {
  readonly name: string;
}

/** Members of a stage that go together. */
export interface Group<Member extends Named> {
  readonly members: readonly Member[];
  /** Whether a healthy member goes out of service: then as many others must stand as the stage says. */
  readonly takesDown: boolean;
  /** Whether the groups behind it wait for it to come back, and are left as they are when it does not. */
  readonly provesIt: boolean;
  /** Whether it is taken in by the others, who know more when those before it have come. */
  readonly joins: boolean;
}

/**
 * Who goes together. In a stage with a canary, the first that is healthy shows what a change does, and then all others
 * get it at once. In a rolling stage, members that are down take no service with them, so they go first and at once;
 * where too few stand, as on the morning after a power cut, they are also those that can change it. Whoever joins comes
 * next, each by itself, and then the healthy ones one by one.
 * @param busy members that something is to be done on
 * @param down those of them that do not work
 */
export function groupsOf<Member extends Named>(
  stage: Pick<Stage, 'batch' | 'joins'>,
  busy: readonly Member[],
  down: ReadonlySet<Member>,
): Group<Member>[] {
  if (stage.batch === 'parallel') return busy.length === 0 ? [] : [group(busy)];
  const joining = busy.filter(({ name }) => stage.joins(name));
  const others = busy.filter((member) => !joining.includes(member));
  const healthy = others.filter((member) => !down.has(member));
  const [canary, ...following] = healthy;
  const rest =
    stage.batch === 'rolling'
      ? healthy.map((member) => group([member], { takesDown: true }))
      : [...(canary ? [group([canary], { provesIt: true })] : []), group(following)];
  return [
    group(others.filter((member) => down.has(member))),
    ...joining.map((member) => group([member], { joins: true, provesIt: true })),
    ...rest,
  ].filter(({ members }) => members.length > 0);
}

const group = <Member extends Named>(
  members: readonly Member[],
  how: Partial<Group<Member>> = {},
): Group<Member> => ({
  takesDown: false,
  provesIt: false,
  joins: false,
  ...how,
  members,
});
