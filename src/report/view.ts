import type { History } from './history.ts';
import type { PrintableEvent } from './printable.ts';
import { summaryText } from './summary-text.ts';
import { safeLines } from './text.ts';
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
  if (event.type === 'result') return `${safeLines(event.text).join('\n')}\n`;
  if (event.type === 'summary')
    return OWN_ENDING.has(history.command) ? '' : summaryText(event, history, options.paint);
  return undefined;
}

/** Commands whose answer says it all. */
const OWN_ENDING: ReadonlySet<string> = new Set(['plan', 'status', 'nfs-check', 'nfs-status', 'certs-list']);
