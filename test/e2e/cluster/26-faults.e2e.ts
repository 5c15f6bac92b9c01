import { beforeAll, expect, test } from 'vitest';
import { type Fault, FAULTS, named, onSmallDisk, randomFrom, upWith } from '../support/faults.ts';
import { lab } from '../support/lab.ts';
import { failures, forgetHostKey, k8sb, standingCluster, up } from '../support/product.ts';
import { built, leftovers } from '../support/traces.ts';

/** One of each kind while a worker joins, at the same steps each time; `npm run test:faults` has all of them. */

const HOST = 'w1';
const SEED = 16;

beforeAll(standingCluster);

test('whatever happens while a worker joins, the next run makes of it what it would have been', async () => {
  await up();
  const undisturbed = await built();
  const random = randomFrom(SEED);
  const told: string[] = [];
  let joined = true;
  await onSmallDisk(async () => {
    for (const kind of FAULTS) {
      // A run that comes to its end all the same leaves nothing to be disturbed.
      if (joined) {
        await lab('wipe', HOST);
        await forgetHostKey(HOST);
      }
      const fault: Fault = { kind, host: HOST, step: Math.floor(random() * 5) };
      const { fell, result } = await upWith(fault);
      joined = result.code === 0;
      told.push(`${named(fault)}: ${fell ? `ended with ${result.code}` : 'too late'}`);
    }
  });
  console.log(told.join('\n'));
  expect(told.filter((line) => line.endsWith('too late')).length, told.join('\n')).toBe(0);
  const last = await up();
  expect(last.summary.failed, failures(last)).toBe(0);
  expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  expect(await built()).toEqual(undisturbed);
  expect(await leftovers()).toEqual([]);
}, 600_000);
