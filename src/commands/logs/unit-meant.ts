import { suggest } from '../../inventory/suggest.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { serviceId } from '../../resources/service.ts';
import type { Wanted } from '../explain/file-facts.ts';

/**
 * The unit that was meant: one of ours, that of a phase which has a single one, or one that is none of ours.
 * @throws E_UNIT for what is nearly the name of one, and was written without its ending
 */
export function unitMeant(given: string, unit: string, wanted: readonly Wanted[]): string {
  const ours = wanted.flatMap(({ phase, resource: { id } }) =>
    id.startsWith(serviceId('')) ? [{ phase, name: id.slice(serviceId('').length) }] : [],
  );
  if (given === unit || ours.some(({ name }) => name === unit)) return unit;
  const ofPhase = [...new Set(ours.filter(({ phase }) => phase === given).map(({ name }) => name))];
  if (ofPhase.length === 1 && ofPhase[0] !== undefined) return ofPhase[0];
  const known = [...new Set(ours.map(({ name }) => name.replace(/\.service$/, '')))];
  const phases = [...new Set(ours.map(({ phase }) => phase))];
  const near = ofPhase.length > 0 ? ofPhase.join(' or ') : (suggest(given, known) ?? suggest(given, phases));
  if (near === undefined) return unit;
  throw new BootstrapError('E_UNIT', `there is no unit ${given} here; did you mean ${near}?`, {
    hint: `Units are ${known.join(', ')}. Another one is taken as it is when it is written with its ending: ${unit}.`,
    exitCode: ExitCode.usage,
  });
}
