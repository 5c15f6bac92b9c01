import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { quote } from '../../../src/kernel/quote.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { openLogFile } from '../../../src/report/log-file.ts';
import type { ReporterOptions } from '../../../src/report/reporter.ts';
import type { Answer } from '../../../src/answers/answers.ts';
import { answers } from './answers/samples.ts';
import { aSummary, NOW, planEvents, rig } from './support.ts';
import type { Untimed } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-report-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Every event that carries free text, with a text that gives the secret away in each known form. */
function leaking(value: string): Untimed[] {
  const base64 = Buffer.from(value).toString('base64');
  const said = `${value} ${base64} ${encodeURIComponent(value)} ${quote(value)}`;
  const error = Object.assign(
    new BootstrapError('E_LEAK', said, { hint: said, where: { resource: said }, cause: new TypeError(said) }),
    { problems: [{ path: said, message: said, hint: said, where: { file: said, line: 1, column: 1 } }] },
  );
  const text = { path: said, before: `a\n${value}\nb\n`, after: `a\n${said}\nc\n` };
  const changes = [
    { id: 'a', title: said, change: { kind: 'create' as const, summary: said, text } },
    { id: 'b', title: said, change: { kind: 'update' as const, summary: said, text } },
    {
      id: 'c',
      title: said,
      change: { kind: 'restart' as const, summary: said, because: [said], interrupts: true },
    },
    { id: 'd', title: said, change: { kind: 'unknown' as const, summary: said, waitsFor: said } },
  ];
  const plan = {
    hosts: [{ host: 'm1', phases: [{ phase: 'p', title: said, changes }], orphans: [said] }],
  };
  return [
    { type: 'run.started', command: 'up', cluster: said, hosts: ['m1'] },
    { type: 'preflight', host: 'm1', check: said, level: 'error', message: said, hint: said },
    ...planEvents(plan),
    { type: 'download', artifact: said, bytes: 1, total: 2 },
    { type: 'phase.started', phase: 'p', title: said, hosts: ['m1'] },
    { type: 'step.started', phase: 'p', host: 'm1', step: said },
    { type: 'step.done', phase: 'p', host: 'm1', step: said, milliseconds: 5 },
    { type: 'gate.waiting', phase: 'p', host: 'm1', waitingFor: said },
    { type: 'host.failed', host: 'm1', phase: 'p', error },
    {
      type: 'host.failed',
      host: 'm1',
      error: new BootstrapError('E_BUG', said, { cause: new TypeError(said) }),
    },
    { type: 'run.failed', error },
    ...answers.map((answer): Untimed => ({ type: 'result', ...everywhere(answer, said) })),
    { type: 'note', level: 'warn', message: said },
    { type: 'summary', ...aSummary({ failed: 0, kubeconfig: said }) },
  ];
}

/** The answer with the same words in place of all that is no field of it. */
function everywhere(answer: Answer, said: string): Answer {
  const names = { services: { [said]: said }, mountedBy: { [said]: 1 }, labels: { [said]: said } };
  const filled = (value: unknown): unknown => {
    if (typeof value === 'string') return said;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(filled);
    const fields = Object.entries(value).map(([key, item]) => [
      key,
      key in names ? names[key as keyof typeof names] : filled(item),
    ]);
    return Object.fromEntries(fields) as unknown;
  };
  return { answer: answer.answer, data: filled(answer.data) } as Answer;
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
