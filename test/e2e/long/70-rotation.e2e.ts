import { X509Certificate } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { list } from '../support/certs.ts';
import { eventually, kubectl, kubectlJson } from '../support/kubectl.ts';
import { HOSTS, addressOf, settings } from '../support/lab.ts';
import { expectNothingToDo } from '../support/settled.ts';
import {
  type Result,
  confirmed,
  failures,
  freshLab,
  inventoryFile,
  product,
  standingCluster,
  stateFolder,
} from '../support/product.ts';
import { writeSteadily } from '../support/steady-writer.ts';

const POD = 'rotation';
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const manifest = `apiVersion: v1
kind: Pod
metadata: { name: ${POD} }
spec:
  nodeName: w1
  terminationGracePeriodSeconds: 1
  containers:
    - name: sleep
      image: ${settings.controller}:5000/busybox:1.31
      command: [sleep, '100000']
`;

const pki = (name: string): string => readFileSync(join(stateFolder, 'pki', name), 'utf8');
const certs = (...args: readonly string[]): Promise<Result> => confirmed('certs', ...args);
const stepsOf = ({ events }: Result): string[] =>
  (events.find(({ type }) => type === 'procedure.planned')?.['steps'] as { id: string }[]).map(
    ({ id }) => id,
  );
const answerOf = ({ events }: Result): Record<string, unknown> =>
  events.find(({ type }) => type === 'result')?.['data'] as Record<string, unknown>;

/** Key id of an authority, as `certs list` says it of what it issued. */
async function keyIdsThatIssue(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const row of (await list()).rows as unknown as {
    authority: boolean;
    issuer: string;
    issuerKeyId: string;
  }[]) {
    if (row.authority) continue;
    found.set(row.issuer, (found.get(row.issuer) ?? new Set()).add(row.issuerKeyId));
  }
  return found;
}

/** Looks at all nodes until it is ended: those that were seen not Ready. */
function watchNodes() {
  const stop = new AbortController();
  const away = new Set<string>();
  const done = (async () => {
    while (!stop.signal.aborted) {
      const { items } = await kubectlJson<{
        items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
      }>('get', 'nodes').catch(() => ({ items: [] }));
      for (const { metadata, status } of items) {
        if (status.conditions.find(({ type }) => type === 'Ready')?.status !== 'True')
          away.add(metadata.name);
      }
      await sleep(1000);
    }
  })();
  return {
    async end() {
      stop.abort();
      await done;
      return [...away];
    },
  };
}

beforeAll(async () => {
  await standingCluster();
  await eventually(() => kubectl(['get', 'serviceaccount', 'default']));
  await kubectl(['apply', '-f', '-'], manifest);
  await kubectl(['wait', '--for=condition=Ready', `pod/${POD}`, '--timeout=90s']);
});

// Thousands of objects were written: to take each away would last longer than hosts without a cluster.
afterAll(freshLab);

describe('the authority of a cluster', () => {
  test('is told what will be done, and nothing is', async () => {
    const before = readdirSync(join(stateFolder, 'pki'));
    const told = await product(['certs', 'rotate-ca', 'cluster', '-i', inventoryFile, '--json', '--dry-run']);
    expect([told.code, stepsOf(told)], failures(told)).toEqual([0, ['trust', 'hand-over', 'drop']]);
    expect(readdirSync(join(stateFolder, 'pki'))).toEqual(before);
  });

  test('hands over while a client writes, no node goes away, and nothing of the former is left', async () => {
    const former = pki('ca.crt');
    const [issuedBefore = ''] = [...((await keyIdsThatIssue()).get('CN=kubernetes-ca') ?? [])];
    const [writer, nodes] = [writeSteadily(), watchNodes()];

    const trusting = await certs('rotate-ca', 'cluster', '--trust-only');
    expect([trusting.code, answerOf(trusting)['reached']], failures(trusting)).toEqual([0, 'begun']);
    // A plain run between is safe, and says what is under way.
    const up = await product(['up', inventoryFile, '--json']);
    expect([up.code, up.summary.changed], failures(up)).toEqual([0, 0]);
    expect(JSON.stringify(up.events)).toContain('certs rotate-ca cluster');

    // Pods that were started before are named, and wait for their owners.
    const stopped = await certs('rotate-ca', 'cluster');
    expect([stopped.code, failures(stopped)]).toEqual([3, expect.stringContaining(`default/${POD}`)]);

    const done = await certs('rotate-ca', 'cluster', '--leave-pods');
    expect([done.code, stepsOf(done)], failures(done)).toEqual([0, ['trust', 'hand-over', 'drop']]);
    const { longest, written, refused } = await writer.end();
    expect(longest, refused.join('\n')).toBeLessThan(15);
    expect(written).toBeGreaterThan(100);
    expect(await nodes.end()).toEqual([]);
    expect(answerOf(done)).toMatchObject({ reached: 'done' });
    // There is one API server, and it was started anew.
    expect(answerOf(done)['silentSeconds']).toBeGreaterThan(0);

    expect(new X509Certificate(pki('ca.crt')).publicKey.equals(new X509Certificate(former).publicKey)).toBe(
      false,
    );
    expect(
      readdirSync(join(stateFolder, 'pki')).filter((name) => /\.(?:next|old|gone|ready)/.test(name)),
    ).toEqual([]);
    const now = [...((await keyIdsThatIssue()).get('CN=kubernetes-ca') ?? [])];
    expect(now).toHaveLength(1);
    expect(now).not.toContain(issuedBefore);
    await expectNothingToDo();
  }, 1_800_000);

  test.each(['etcd', 'front-proxy', 'users'])(
    'hands over, and so does that of %s',
    async (authority) => {
      const done = await certs('rotate-ca', authority);
      expect([done.code, answerOf(done)['reached']], failures(done)).toEqual([0, 'done']);
      const nodes = await kubectl(['get', 'nodes', '--no-headers']);
      expect(nodes.match(/ Ready/g)).toHaveLength(HOSTS.length);
      await expectNothingToDo();
    },
    1_200_000,
  );
});

describe('the key of service accounts', () => {
  const tokenInPod = async (): Promise<string> => (await kubectl(['exec', POD, '--', 'cat', TOKEN])).trim();

  test('hands over, and a pod that runs gets a token that works; the former is worth nothing', async () => {
    const before = await tokenInPod();
    expect(await statusWith(before)).toBe(403);
    const done = await certs('rotate-sa', '--leave-pods');
    expect([done.code, answerOf(done)['reached']], failures(done)).toEqual([0, 'done']);
    await eventually(async () => {
      expect(await tokenInPod()).not.toBe(before);
    }, 180);
    // Known, and without rights: that is what 403 says.
    expect(await statusWith(await tokenInPod())).toBe(403);
    expect(await statusWith(before)).toBe(401);
    expect(
      readdirSync(join(stateFolder, 'pki'))
        .filter((name) => /^sa\./.test(name))
        .sort(),
    ).toEqual(['sa.key', 'sa.pub']);
    await expectNothingToDo();
  }, 1_800_000);
});

/** What the API server answers to whoever comes with a token. */
const statusWith = (token: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host: addressOf('m1'), port: 6443, path: '/api/v1/secrets', agent: false, timeout: 10_000 },
        ca: pki('ca.crt'),
        headers: { authorization: `Bearer ${token}` },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end();
  });
