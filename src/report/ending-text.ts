import { errorText } from './error-text.ts';
import type { ErrorReport } from './error-text.ts';
import type { History } from './history.ts';
import { oneLine } from './text.ts';
import type { Paint } from './text.ts';

/** What ended the run, as lines for a person. What it repeats of what was told before is left out. */
export function endingText(
  report: ErrorReport,
  { failures, findings }: Pick<History, 'failures' | 'findings'>,
  paint: Paint,
): string {
  const { code, message } = report;
  const same = failures.find(({ error }) => error.code === code && error.message === message);
  if (same !== undefined) {
    const why = `the run ends here: it cannot do without ${same.host} (see above)`;
    return `${paint('red', `error ${oneLine(code)}:`)} ${oneLine(why)}\n`;
  }
  const told = new Set(failures.flatMap(({ error }) => [error.message, ...error.causes]));
  const causes = report.causes.filter((cause) => !told.has(cause));
  return errorText(
    {
      ...report,
      causes,
      message: newsOf(
        message,
        findings.flatMap(({ lines }) => lines),
      ),
    },
    paint,
  );
}

/** A refusal lists everything that was found on the hosts, which has been told one by one. */
function newsOf(message: string, findings: readonly string[]): string {
  const lines = message.split('\n');
  const news = lines.filter((line) => !findings.some((finding) => line.includes(finding)));
  return news.length === 1 && lines.length > 1 ? `${news[0] ?? ''} see above` : message;
}
