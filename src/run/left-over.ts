import { BootstrapError } from '../kernel/errors.ts';
import { type Plan, allChanges } from '../plan/plan.ts';
import type { Change } from '../resources/resource.ts';

/** Whether it is known by itself in a while. */
export const comes = (change: Change): boolean => change.kind === 'unknown' && change.byItself === true;

/**
 * Whether all that is left is to start units that have stopped, or to know what an API server does not say at this
 * moment: what ended because its API server was away (a controller-manager that was about to lead) is started again by
 * systemd, and its gate waits for that.
 */
export const passesByItself = (left: Plan): boolean =>
  allChanges(left).every(
    ({ planned: { change } }) => comes(change) || (change.kind === 'restart' && !change.interrupts),
  );

/** @returns E_SILENT or E_FLAPPING: what is left after a run that left nothing to do */
export function leftOver(left: Plan): BootstrapError {
  const changes = allChanges(left);
  if (changes.every(({ planned }) => comes(planned.change))) return silent(changes);
  const names = changes.map(
    ({ host, planned }) =>
      `${host}: ${planned.title} (${planned.change.kind}, ${'summary' in planned.change ? planned.change.summary : ''})`,
  );
  return new BootstrapError('E_FLAPPING', `something changes back what was just changed:${listed(names)}`, {
    hint: 'Does another tool (configuration management, cloud-init, a colleague) manage these as well?',
  });
}

const listed = (lines: readonly string[]): string => `\n${lines.slice(0, 10).join('\n')}`;

function silent(changes: ReturnType<typeof allChanges>): BootstrapError {
  const names = changes.flatMap(({ host, planned: { title, change } }) =>
    change.kind === 'unknown' ? [`${host}: ${title} waits for ${change.waitsFor}`] : [],
  );
  return new BootstrapError(
    'E_SILENT',
    `everything was done, and of some of it nobody tells whether it is there:${listed(names)}`,
    {
      hint: 'An API server that is up and has no time does that: see "k8s-bootstrap status", and with "top" there what takes its processor; then run the same again.',
    },
  );
}
