import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clients, eventually, kubectl, kubectlJson } from '../support/kubectl.ts';
import { HOSTS, addressOf, command, onHost, settings } from '../support/lab.ts';
import { inventoryFile, product, standingCluster, stateFolder } from '../support/product.ts';

const manifest = (name: string): string =>
  readFileSync(new URL(`../manifests/${name}.yaml`, import.meta.url), 'utf8').replaceAll(
    'REGISTRY',
    `${settings.controller}:5000`,
  );

const inNamespace = (args: readonly string[], stdin = '', client?: string): Promise<string> =>
  kubectl(['-n', 'e2e', ...args], stdin, client);

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string };
}

/** Those that run and are meant to go on: one that is being deleted still has phase Running. */
async function podsOf(app: string): Promise<Pod[]> {
  const only = ['-l', `app=${app}`, '--field-selector', 'status.phase=Running'];
  const { items } = await kubectlJson<{ items: Pod[] }>('-n', 'e2e', 'get', 'pods', ...only);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

const podIp = (name: string): Promise<string> =>
  inNamespace(['get', 'pod', name, '-o', 'jsonpath={.status.podIP}']);

const serviceIp = (name: string): Promise<string> =>
  inNamespace(['get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}']);

/** A page as a pod sees it. */
const fromPod = async (pod: string, url: string): Promise<string> =>
  (await inNamespace(['exec', pod, '--', 'timeout', '10', 'wget', '-q', '-O', '-', url])).trim();

const fromHost = async (host: (typeof HOSTS)[number], url: string): Promise<string> =>
  (await onHost(host, `curl -sS --noproxy '*' --max-time 10 '${url}'`)).trim();

beforeAll(async () => {
  await standingCluster();
  await kubectl(['delete', 'namespace', 'e2e', '--ignore-not-found']);
  await kubectl(['create', 'namespace', 'e2e']);
  await eventually(() => inNamespace(['get', 'serviceaccount', 'default']));
  await inNamespace(['apply', '-f', '-'], manifest('web'));
  await inNamespace(['apply', '-f', '-'], manifest('shells'));
  await inNamespace(['rollout', 'status', 'deployment/web', '--timeout=120s']);
  await inNamespace(['wait', '--for=condition=Ready', 'pod/shell-w1', 'pod/shell-w2', '--timeout=120s']);
});

afterAll(async () => {
  await kubectl(['delete', 'namespace', 'e2e', '--ignore-not-found']);
});

test('a Deployment of three runs on both workers and not on the master', async () => {
  const pods = await podsOf('web');
  expect(pods).toHaveLength(3);
  expect([...new Set(pods.map(({ spec }) => spec.nodeName))].sort()).toEqual(['w1', 'w2']);
});

test('root on the master needs no words to be the administrator', async () => {
  expect(await onHost('m1', "bash -lc 'kubectl -n e2e get deployment web -o name'")).toBe(
    'deployment.apps/web\n',
  );
});

test('its service address answers on every host and in a pod, from all of its pods', async () => {
  const names = new Set((await podsOf('web')).map(({ metadata }) => metadata.name));
  const url = `http://${await serviceIp('web')}/`;
  for (const host of HOSTS) expect(names).toContain(await fromHost(host, url));
  for (const pod of ['shell-w1', 'shell-w2']) expect(names).toContain(await fromPod(pod, url));
  const loop = `for i in $(seq 40); do curl -sS --noproxy '*' --max-time 10 ${url}; done`;
  expect(new Set((await onHost('w1', loop)).trim().split('\n'))).toEqual(names);
});

test('its node port answers on every node, from outside', async () => {
  const port = await inNamespace(['get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
  const names = (await podsOf('web')).map(({ metadata }) => metadata.name);
  for (const host of HOSTS) {
    const { stdout } = await command('curl', [
      '-sS',
      '--noproxy',
      '*',
      '--max-time',
      '10',
      `http://${addressOf(host)}:${port}/`,
    ]);
    expect(names).toContain(stdout.trim());
  }
});

test('sessionAffinity keeps a client with one pod', async () => {
  const url = `http://${await serviceIp('web-sticky')}/`;
  const loop = `for i in $(seq 20); do timeout 10 wget -q -O - ${url}; done`;
  const answers = (await inNamespace(['exec', 'shell-w1', '--', 'sh', '-c', loop])).trim().split('\n');
  expect(answers).toHaveLength(20);
  expect(new Set(answers).size).toBe(1);
});

test('pods on different nodes reach each other by address, which the other sees', async () => {
  const pods = await podsOf('web');
  for (const [node, other] of [
    ['w1', 'w2'],
    ['w2', 'w1'],
  ] as const) {
    const target = pods.find(({ spec }) => spec.nodeName === other)!;
    expect(await fromPod(`shell-${node}`, `http://${target.status.podIP}/from-${node}`)).toBe(
      target.metadata.name,
    );
    const log = await inNamespace(['logs', target.metadata.name]);
    expect(log).toMatch(
      new RegExp(`^${(await podIp(`shell-${node}`)).replaceAll('.', '\\.')} - - .*GET /from-${node} `, 'm'),
    );
  }
});

test('a pod pinned by nodeName, posted with curl, shares a folder between its containers', async () => {
  const pki = join(stateFolder, 'pki');
  const { stdout, stderr } = await command(
    'curl',
    [
      ...['-sS', '--noproxy', '*', '--max-time', '20', '--cacert', join(pki, 'ca.crt')],
      ...['--cert', join(pki, 'admin.crt'), '--key', join(pki, 'admin.key')],
      ...['-H', 'Content-Type: application/yaml', '--data-binary', '@-', '-w', '\n%{http_code}'],
      `https://${addressOf('m1')}:6443/api/v1/namespaces/e2e/pods`,
    ],
    { stdin: manifest('pinned') },
  );
  expect(stdout.trim().split('\n').at(-1), stderr + stdout).toBe('201');
  await inNamespace(['wait', '--for=condition=Ready', 'pod/pinned', '--timeout=120s']);
  expect(await inNamespace(['get', 'pod', 'pinned', '-o', 'jsonpath={.spec.nodeName}'])).toBe('w1');
  const inTruncate = async (script: string): Promise<number> =>
    Number(await inNamespace(['exec', 'pinned', '-c', 'truncate', '--', 'sh', '-c', script]));
  await eventually(async () => {
    expect(
      await inTruncate('wget -q -O /dev/null http://127.0.0.1/; wc -c < /logs/access.log'),
    ).toBeGreaterThan(0);
  }, 20);
  expect(await inTruncate('sleep 4; wc -c < /logs/access.log')).toBe(0);
});

describe.each([...(await clients())])('with kubectl %s', (name, client) => {
  test('a ReplicaSet keeps three copies', async () => {
    await inNamespace(['delete', 'replicaset', 'copies', '--ignore-not-found'], '', client);
    await inNamespace(['apply', '-f', '-'], manifest('replica-set'), client);
    const ready = async (): Promise<void> => {
      expect(
        await inNamespace(
          ['get', 'replicaset', 'copies', '-o', 'jsonpath={.status.readyReplicas}'],
          '',
          client,
        ),
      ).toBe('3');
    };
    await eventually(ready);
    const [first] = await podsOf('copies');
    await inNamespace(['delete', 'pod', first!.metadata.name], '', client);
    await eventually(ready);
    expect((await podsOf('copies')).map(({ metadata }) => metadata.name)).not.toContain(first!.metadata.name);
  });

  test('a Deployment is rolled out, has a history, and is taken back', async () => {
    const env = (): Promise<string> =>
      inNamespace(
        ['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env}'],
        '',
        client,
      );
    const settled = (): Promise<string> =>
      inNamespace(['rollout', 'status', 'deployment/web', '--timeout=120s'], '', client);
    const revisions = async (): Promise<number[]> =>
      [
        ...(await inNamespace(['rollout', 'history', 'deployment/web'], '', client)).matchAll(/^(\d+) /gm),
      ].map((line) => Number(line[1]));
    const earlier = await revisions();
    await inNamespace(['set', 'env', 'deployment/web', `CLIENT=${name}`], '', client);
    expect(await settled()).toContain('successfully rolled out');
    expect(await env()).toContain(name);
    expect(await revisions()).toEqual([...earlier, Math.max(...earlier) + 1]);
    await inNamespace(['rollout', 'undo', 'deployment/web'], '', client);
    expect(await settled()).toContain('successfully rolled out');
    expect(await env()).not.toContain(name);
  });

  test('logs and exec reach a pod on each runtime', async () => {
    for (const node of ['w1', 'w2']) {
      const pod = (await podsOf('web')).find(({ spec }) => spec.nodeName === node)!.metadata.name;
      expect(await inNamespace(['exec', pod, '--', 'hostname'], '', client)).toBe(`${pod}\n`);
      await fromPod('shell-w1', `http://${await podIp(pod)}/logged-${name}`);
      expect(await inNamespace(['logs', pod], '', client)).toContain(`GET /logged-${name} `);
    }
  });
});

test('a NetworkPolicy, which no pod network of ours enforces, is named', async () => {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny-all' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  };
  await inNamespace(['apply', '-f', '-'], JSON.stringify(policy));
  for (const verb of ['plan', 'status']) {
    const { events, code, stderr } = await product([verb, '-i', inventoryFile, '--json']);
    expect(code, stderr).toBe(0);
    const told = events.filter(({ type, check }) => type === 'preflight' && check === 'network-policies');
    expect(told, verb).toMatchObject([{ host: 'm1', level: 'warn' }]);
    expect(told[0]?.['message']).toContain('NetworkPolicy e2e/deny-all does nothing');
  }
});
