import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenState, openState } from '../../../../src/cluster/open-state.ts';
import { readPlan, refuseOther, refuseStale, writePlan } from '../../../../src/commands/plan/saved-plan.ts';
import { Secret } from '../../../../src/kernel/secret.ts';
import type { SavedHost } from '../../../../src/plan/saved/plan-schema.ts';
import { run } from '../../cli/support.ts';
import { scratch } from '../../../support/ssh-target.ts';

const coded = (code: string, message: RegExp): Error =>
  expect.objectContaining({ code, exitCode: 2, message: expect.stringMatching(message) as string }) as Error;

const HOST =
  '{ name: m1, address: 127.0.0.1, ip: 192.0.2.11, ssh: { port: 1, keys: [], agent: false, password: none } }';

const hosts: SavedHost[] = [
  {
    host: 'm1',
    nonce: 'ab'.repeat(16),
    orphans: [],
    phases: [
      {
        phase: 'os',
        title: 'OS',
        changes: [
          {
            id: 'file:/a',
            title: '/a',
            change: { kind: 'create', summary: 'with hunter22' },
            was: '0'.repeat(64),
          },
        ],
      },
    ],
  },
];

const { path: folder, remove } = scratch();
afterAll(remove);
const file = join(folder, 'plan.json');
const inventory = join(folder, 'inventory.yaml');

const open = (more = ''): Promise<OpenState> => {
  writeFileSync(inventory, `name: demo\nhosts: [${HOST}]\n${more}`);
  return openState({ file: inventory, env: {}, secrets: new Set() } as never);
};

beforeAll(async () => {
  const { inventory: read, pki } = await open();
  const key = await pki.ensurePlanKey();
  const secrets = [new Secret('hunter22')];
  await writePlan(file, hosts, {
    inventory: read,
    selection: { limit: ['m1'] },
    key,
    secrets,
    version: '1.0',
  });
}, 60_000);

describe('the file of a plan', () => {
  it("is its owner's alone, and holds no secret", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('"summary": "with ***"');
  });

  it('is taken by the program and the inventory that made it, wherever comments are', async () => {
    const plan = await readPlan(file);
    expect(plan.selection).toEqual({ limit: ['m1'] });
    expect(refuseStale(file, plan, await open('# hello\n'), '1.0').reveal()).toMatch(/^.{44}$/);
  });

  it('is refused by another program, inventory or state folder, by what differs', async () => {
    const plan = await readPlan(file);
    const state = await open();
    expect(() => refuseStale(file, plan, state, '1.1')).toThrow(
      coded('E_PLAN_OTHER', /k8s-bootstrap 1\.0 made it, and this is 1\.1$/),
    );
    const other = await open("scheduler: { extraArgs: { v: '3' } }\nusers: [{ name: bob, role: view }]\n");
    expect(() => refuseStale(file, plan, other, '1.0')).toThrow(
      coded('E_PLAN_OTHER', /the inventory says something else of scheduler, users$/),
    );
    const elsewhere = {
      ...state,
      pki: { ...state.pki, planKey: () => new Secret(randomBytes(32).toString('base64')) },
    };
    expect(() => refuseStale(file, plan, elsewhere, '1.0')).toThrow(
      coded('E_PLAN_FILE', /another state folder/),
    );
    expect(() => refuseStale(file, { ...plan, selection: {} }, state, '1.0')).toThrow(
      coded('E_PLAN_FILE', /it was edited since/),
    );
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', 'hello'],
    ['something else', '{"kind":"x"}'],
    ['a later version', '{"kind":"k8s-bootstrap/plan","version":2}'],
  ])('is refused when it is %s', async (_what, text) => {
    const path = join(folder, 'other.json');
    if (text !== undefined) writeFileSync(path, text);
    await expect(readPlan(path)).rejects.toThrow(coded('E_PLAN_FILE', /no plan that can be carried out: /));
  });

  it('replaces a plan and nothing else', async () => {
    await refuseOther(file);
    await refuseOther(join(folder, 'new.json'));
    await expect(refuseOther(inventory)).rejects.toThrow(coded('E_PLAN_FILE', /is there, and is no plan$/));
  });
});

describe('on the command line', () => {
  it('a plan says itself which phases and hosts it is about', async () => {
    const { code, stderr } = await run(['up', inventory, '--plan', file, '--only', 'os']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("'--only") as string });
  });

  it('a plan of another program, and a host that is not there, are refused before anybody is dialled', async () => {
    await open();
    const other = await run(['up', inventory, '--plan', file]);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/E_PLAN_OTHER[^]*k8s-bootstrap 1\.0 made it/);
    for (const command of ['up', 'plan']) {
      const { code, stderr } = await run([command, inventory, '--limit', 'm2']);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/E_HOST.*"m2"/) as string,
      });
      expect(stderr).not.toContain('E_CONNECT');
    }
  });

  it('the schema of plans is printed when it is asked for', async () => {
    expect(JSON.parse((await run(['schema', 'plan'])).stdout)).toMatchObject({
      title: 'Plans of k8s-bootstrap, version 1',
    });
    expect((await run(['schema', 'nothing'])).code).toBe(2);
  });
});
