import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { quote } from '../../../src/kernel/quote.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { openLogFile } from '../../../src/report/log-file.ts';
import type { ReporterOptions } from '../../../src/report/reporter.ts';
import { everyEvent } from './every-event.ts';
import { NOW, rig } from './support.ts';
import type { Untimed } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-report-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Every event with a text that gives the secret away in each known form. */
function leaking(value: string): Untimed[] {
  const base64 = Buffer.from(value).toString('base64');
  return everyEvent(`${value} ${base64} ${encodeURIComponent(value)} ${quote(value)}`);
}

const jsonForm = (text: string): string => JSON.stringify(text).slice(1, -1);

const formsOf = (value: string): string[] =>
  [
    value,
    Buffer.from(value).toString('base64'),
    encodeURIComponent(value),
    quote(value),
    value.trim(),
  ].flatMap((form) => [form, jsonForm(form), jsonForm(jsonForm(form))]);

const aSecret = fc
  .oneof(
    fc.string({ minLength: 12, maxLength: 40 }),
    fc.string({ minLength: 12, maxLength: 40, unit: 'grapheme' }),
    fc
      .array(fc.constantFrom("'", '"', '\\', '\n', '\t', '$', '%', '+', '/', 'k', 'Z', '7'), {
        minLength: 12,
        maxLength: 40,
      })
      .map((parts) => parts.join('')),
    fc.base64String({ minLength: 16, maxLength: 44 }),
  )
  // What is all blanks or stars is in any output, secret or not.
  .filter((value) => !value.includes('\0') && new Set(value.trim()).size >= 5);

const formats: [string, Partial<ReporterOptions> & { terminal?: { columns: number } }][] = [
  ['plain', { format: 'plain', verbose: true }],
  ['json', { format: 'json' }],
  ['tty', { format: 'tty', terminal: { columns: 4000 } }],
];

test.each(formats)('no secret, in any form, in what %s or the log file says', async (_name, options) => {
  await fc.assert(
    fc.asyncProperty(aSecret, async (value) => {
      const logFile = openLogFile(folder, { command: 'up', now: NOW });
      const { tell, reporter, stdout, stderr } = rig({
        ...options,
        logFile,
        secrets: new Set([new Secret(value)]),
      });
      tell(...leaking(value));
      await reporter.close();
      const said = stdout.text() + stderr.text() + readFileSync(logFile.path, 'utf8');
      expect(said).toContain('***');
      for (const form of formsOf(value)) expect(said.includes(form), form).toBe(false);
    }),
    { numRuns: 60 },
  );
});
