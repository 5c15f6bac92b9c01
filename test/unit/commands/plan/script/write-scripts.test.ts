import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeScripts } from '../../../../../src/commands/plan/script/write-scripts.ts';
import type { RunOptions } from '../../../../../src/cluster/visit.ts';
import type { Plan } from '../../../../../src/plan/plan.ts';
import type { Goal } from '../../../../../src/run/converge.ts';
import type { RunEvent } from '../../../../../src/run/events.ts';
import { type Fleet, makeFleet, sightings } from '../../../../../src/run/fleet.ts';
import { type Example, everyHost, examples, imaginedHost } from '../../../../support/example-cluster.ts';
import { makePlan } from '../../../../support/planning.ts';
import { scratch } from '../../../../support/ssh-target.ts';
import { type Made, made } from './made.ts';

const { path: home, remove } = scratch();
let one: Made;
let fleet: Fleet;
const hook = {
  when: 'before',
  of: 'etcd',
  run: 'notify https://op:hunter2@chat/us',
  on: 'controller',
  timeoutSeconds: 1,
} as const;
const told: Omit<RunEvent, 'at'>[] = [];

beforeAll(async () => {
  one = await made(examples.find(({ name }) => name === 'single-node') as Example);
  fleet = makeFleet(
    one.cluster.inventory.hosts.map(({ name }) => name),
    {
      emit: () => undefined,
      connect: () => Promise.reject(new Error('nobody is dialled')),
      addressOf: (name) => name,
      concurrency: 1,
      kill: new AbortController().signal,
      knownError: () => undefined,
    },
  );
  const file = (): { type: 'absent' } => ({ type: 'absent' });
  for (const [name, seen] of everyHost(one.cluster, () => imaginedHost('centos', { more: { file } })))
    fleet.members.get(name)!.seen = seen;
}, 60_000);

afterAll(async () => {
  remove();
  await one.close();
});

const write = (
  folder: string,
  more: Partial<RunOptions> = {},
  cluster = one.cluster,
  plan?: Plan,
): Promise<void> => {
  const goal = {
    desire: one.cluster.desire,
    essential: () => true,
    hooks: { list: [hook] },
  } as unknown as Goal;
  const options = {
    secrets: one.secrets,
    emit: (event: Omit<RunEvent, 'at'>) => void told.push(event),
    file: 'inventory.yaml',
    ...more,
  } as unknown as RunOptions;
  const seen = sightings(fleet);
  return writeScripts(folder, options, cluster, fleet, goal, plan ?? makePlan(cluster.desire(seen), seen));
};

describe('the scripts of a plan', () => {
  it('are written, and it is said where', async () => {
    const folder = join(home, 'by-hand');
    await write(folder);
    expect(told.at(-1)).toMatchObject({
      type: 'note',
      message: `written to ${folder}, with keys and other secrets of hosts in it; ${folder}/ORDER.md says how to go on`,
    });
    const order = readFileSync(join(folder, 'ORDER.md'), 'utf8');
    expect(order).toContain('- before etcd, on controller: `notify https://***@chat/us`');
    expect(order).toContain(`export KUBECONFIG=${one.cluster.kubeconfigFile}`);
    expect(existsSync(join(folder, 'node1/02-etcd.sh'))).toBe(true);
  });

  it('are not begun for a cluster that lacks a master', async () => {
    const refused = expect.objectContaining({ code: 'E_LIMIT' }) as Error;
    await expect(write(join(home, 'half'), { limit: [] })).rejects.toThrow(refused);
    expect(existsSync(join(home, 'half'))).toBe(false);
  });

  it('are refused where keys are sealed, which they would hold in clear', async () => {
    const sealed = {
      ...one.cluster,
      pki: { ...one.cluster.pki, isSealed: () => true },
    } as typeof one.cluster;
    const refused = expect.objectContaining({ code: 'E_SCRIPT_SEALED' }) as Error;
    await expect(write(join(home, 'sealed'), {}, sealed, { hosts: [] })).rejects.toThrow(refused);
    expect(existsSync(join(home, 'sealed'))).toBe(false);
  });

  it('say when there is nothing to do, and then tell of no keys', async () => {
    const folder = join(home, 'nothing');
    const idle = { ...one.cluster, desire: () => [] } as typeof one.cluster;
    await write(folder, {}, idle, { hosts: [] });
    expect(readFileSync(join(folder, 'ORDER.md'), 'utf8')).toContain('There is nothing to do');
    expect(told.at(-1)).toMatchObject({
      message: `written to ${folder}; ${folder}/ORDER.md says how to go on`,
    });
  });
});
