import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { answers } from './answers/samples.ts';
import { aPlan, aSummary, anError, planEvents } from './support.ts';
import type { Untimed } from './support.ts';
import { onTerminal } from './terminal.ts';

test('no order of events ends the live view, or leaves anything of a drawing', async () => {
  const host = fc.constantFrom('m1', 'w1', 'stranger');
  const phase = fc.constantFrom('etcd', 'os');
  const bytes = fc.record({
    bytes: fc.integer({ min: 0, max: 3 }),
    total: fc.constantFrom(0, 2),
  });
  const text = fc.string({ maxLength: 100 });
  const milliseconds = fc.nat(100_000);
  const event: fc.Arbitrary<Untimed> = fc.oneof(
    fc.record({
      type: fc.constant('run.started' as const),
      command: fc.constant('up'),
      cluster: text,
      hosts: fc.constant(['m1', 'w1']),
    }),
    fc.record({ type: fc.constant('host.connecting' as const), host, attempt: fc.nat(3) }),
    fc.record({ type: fc.constant('host.connected' as const), host }),
    fc.record({ type: fc.constant('host.probed' as const), host, milliseconds }),
    fc.record({ type: fc.constant('host.failed' as const), host, error: fc.constant(anError()) }),
    fc.record({
      type: fc.constant('preflight' as const),
      host,
      check: text,
      level: fc.constant('warn' as const),
      message: text,
    }),
    fc.constantFrom(...planEvents(aPlan())),
    bytes.chain((progress) =>
      fc.record({ type: fc.constant('download' as const), artifact: phase }).map((one) => ({
        ...one,
        ...progress,
      })),
    ),
    bytes.chain((progress) =>
      fc.record({ type: fc.constant('upload' as const), host }).map((one) => ({ ...one, ...progress })),
    ),
    fc.record({
      type: fc.constant('phase.started' as const),
      phase,
      title: phase,
      hosts: fc.uniqueArray(host),
    }),
    fc.record({ type: fc.constant('step.started' as const), phase, host, step: text }),
    fc.record({ type: fc.constant('step.done' as const), phase, host, step: text, milliseconds }),
    fc.record({ type: fc.constant('gate.waiting' as const), phase, host, waitingFor: text }),
    fc.record({ type: fc.constant('gate.passed' as const), phase, host, title: text, milliseconds }),
    fc.record({
      type: fc.constant('phase.done' as const),
      phase,
      milliseconds,
      failed: fc.uniqueArray(host),
    }),
    fc.record({ type: fc.constant('run.failed' as const), error: fc.constant(anError()) }),
    fc.constantFrom(...answers.map((answer): Untimed => ({ type: 'result', ...answer }))),
    fc.record({ type: fc.constant('note' as const), level: fc.constant('info' as const), message: text }),
    fc.constant({ type: 'summary' as const, ...aSummary() }),
  );
  // Each look at the clock comes long after the one before, so that every event is drawn.
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 30 }),
      fc.integer({ min: 20, max: 120 }),
      fc.integer({ min: 4, max: 40 }),
      async (events, columns, rows) => {
        const terminal = onTerminal(columns, rows);
        terminal.tell(...events);
        await terminal.reporter.close();
        expect(terminal.screen.text()).not.toContain('the live view failed');
        expect(terminal.screen.text()).not.toMatch(/^[⠁-⣿]|^ {2}[⠁-⣿✔✖›↓] /mu);
        expect(terminal.screen.cursorVisible).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
