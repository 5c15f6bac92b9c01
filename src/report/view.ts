import { answerText } from './answers/text.ts';
import type { History } from './history.ts';
import { type PrintableEvent, everyText } from './printable.ts';
import { summaryText } from './summary-text.ts';
import { procedureText } from './procedure-text.ts';
import { oneLine } from './text.ts';
import type { Paint } from './text.ts';

/** One way of showing a run. Takes events without waiting; `flush` waits until all of them are written. */
export interface View {
  show(event: PrintableEvent): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What a run was asked for, as text for stdout; undefined for progress, which goes to stderr. */
export function resultText(
  event: PrintableEvent,
  history: History,
  options: { readonly paint: Paint; readonly verbose: boolean },
): string | undefined {
  if (event.type === 'plan.ready') return history.planned.text(event.summary, options.paint);
  if (event.type === 'procedure.planned') return procedureText(event.steps, options.paint);
  if (event.type === 'result')
    return answerText(everyText(event, safe), { ...options, hosts: history.hosts });
  if (event.type === 'summary')
    return history.ending === 'answer' ? '' : summaryText(event, history, options.paint);
  return undefined;
}

/** As a terminal shows it; line breaks stay, for a text may have several lines. */
const safe = (text: string): string => text.split('\n').map(oneLine).join('\n');
