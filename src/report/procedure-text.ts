import type { PlannedStep } from '../plan/planned-step.ts';
import { oneLine } from './text.ts';
import type { Paint } from './text.ts';

/** The steps of a procedure for a person, numbered, with what is lost by each; ends in a line break. */
export function procedureText(steps: readonly PlannedStep[], paint: Paint): string {
  if (steps.length === 0) return 'Nothing is left to do.\n';
  const width = String(steps.length).length;
  const lines = steps.flatMap(({ title, hosts, destroys }, index) => [
    oneLine(`${String(index + 1).padStart(width)}. ${title} (${hosts.join(', ')})`),
    ...(destroys === null ? [] : [`${' '.repeat(width + 2)}${paint('red', oneLine(destroys))}`]),
  ]);
  return `${lines.join('\n')}\n`;
}
