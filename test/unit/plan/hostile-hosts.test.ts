import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../../../src/plan/planner.ts';
import { probeScript } from '../../../src/probe/probe.ts';
import { compile } from '../../../src/resources/compile.ts';
import { type OpenExample, everyHost, examples, openExample } from '../../support/example-cluster.ts';
import { HOSTILE, MARK, hostileHost, hostileTexts } from '../../support/hostile.ts';
import { Recorder } from '../../support/recorder.ts';
import { shells } from '../../support/shells.ts';
import { stepsOn } from '../../support/steps-on.ts';

it('sees a value that is not quoted', () => {
  const recorder = new Recorder();
  for (const { path } of shells) expect(recorder.run(`echo ${HOSTILE}`, path)).toEqual([MARK]);
  recorder.close();
});

describe.each(examples)('hosts of $name that lie', (example) => {
  let open: OpenExample;
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = new Recorder();
    open = await openExample(example);
  });
  afterAll(async () => {
    recorder.close();
    await open.close();
  });

  // A megabyte in every answer takes seconds a host; this example has all phases.
  const long = example.name === 'nfs';
  it.each(Object.entries(hostileTexts).filter(([shape]) => long || shape !== 'a megabyte'))(
    'run nothing that they answer as %s',
    { timeout: 120_000 },
    async (_, value) => {
      const seen = everyHost(open.cluster, (name) => hostileHost(value, example.family, name));
      const scripts = new Set<string>();
      const stages = open.cluster.desire(seen);
      for (const [host, own] of seen) {
        const steps = await stepsOn(stages, host, own);
        expect(steps.length).toBeGreaterThan(9);
        for (const step of steps) {
          scripts.add(compile([{ id: '0', step }], { nonce: 'n', phase: 'p', lock: 'l' }).script);
        }
        const watches = judge(stages, host, own).open;
        scripts.add(probeScript([...watches, ...open.cluster.watches(host)], 'n', '192.0.2.11'));
      }
      const holding = [...scripts].filter((script) => script.includes(MARK));
      for (const script of holding) {
        for (const { path } of shells) expect(recorder.run(script, path), script).toEqual([]);
      }
      expect(existsSync(join(recorder.root, MARK))).toBe(false);
    },
  );
});
