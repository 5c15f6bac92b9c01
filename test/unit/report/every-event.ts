import type { Answer } from '../../../src/answers/answers.ts';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { answers } from './answers/samples.ts';
import { aSummary, planEvents } from './support.ts';
import type { Untimed } from './support.ts';

/** Every event that carries free text, with a text in all places. */
export function everyEvent(said: string): Untimed[] {
  const error = Object.assign(
    new BootstrapError('E_LEAK', said, { hint: said, where: { resource: said }, cause: new TypeError(said) }),
    { problems: [{ path: said, message: said, hint: said, where: { file: said, line: 1, column: 1 } }] },
  );
  const text = { path: said, before: `a\n${said}\nb\n`, after: `a\n${said}\nc\n` };
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
    { type: 'gate.passed', phase: 'p', host: 'm1', title: said, milliseconds: 5 },
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
