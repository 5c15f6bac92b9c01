import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectl } from '../support/kubectl.ts';
import { command, onHost, settings } from '../support/lab.ts';
import { failures, k8sb, standingCluster, up, withInventory, workFolder } from '../support/product.ts';
import { expectNothingToDo } from '../support/settled.ts';

/** Images that no registry has, on docker and on containerd. */
const IMAGE = 'nowhere.example.com/preloaded:1';
const folder = join(workFolder, 'images');

const preloading = (text: string): string => text.replace('\nimages:\n', `\nimages:\n  preload: ${folder}\n`);

beforeAll(async () => {
  await standingCluster();
  mkdirSync(folder, { recursive: true });
  // w1 has docker, which writes such archives.
  await onHost(
    'w1',
    `set -e
docker pull -q ${settings.controller}:5000/busybox:1.31 >/dev/null
docker tag ${settings.controller}:5000/busybox:1.31 ${IMAGE}
docker save -o /root/preloaded.tar ${IMAGE}
docker rmi ${IMAGE} >/dev/null`,
  );
  const copied = await command('sh', [
    '-c',
    `scp -q -i ${settings.key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@${settings.net}.12:/root/preloaded.tar ${folder}`,
  ]);
  expect(copied).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await kubectl(['delete', 'pod', 'preloaded-w1', 'preloaded-w2', '--ignore-not-found', '--now']);
  await onHost('w1', `rm -f /root/preloaded.tar; docker rmi -f ${IMAGE} >/dev/null 2>&1 || :`);
  for (const host of ['m1', 'w2'] as const) await onHost(host, `ctr -n k8s.io images rm ${IMAGE} || :`);
  rmSync(folder, { recursive: true, force: true });
  await up();
});

test('every node loads them from archives, and pods run from them without a registry', async () => {
  await withInventory(preloading, async () => {
    const { planned, summary } = await up();
    expect(planned.map(({ host, id }) => `${host} ${id}`).sort()).toEqual([
      'm1 images:preloaded.tar',
      'w1 images:preloaded.tar',
      'w2 images:preloaded.tar',
    ]);
    expect(summary.failed).toBe(0);
    await expectNothingToDo();
    for (const node of ['w1', 'w2']) {
      await kubectl(
        ['apply', '-f', '-'],
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `preloaded-${node}` },
          spec: {
            nodeName: node,
            containers: [
              { name: 'shell', image: IMAGE, imagePullPolicy: 'Never', command: ['sleep', '100000'] },
            ],
          },
        }),
      );
    }
    await kubectl(['wait', '--for=condition=Ready', 'pod/preloaded-w1', 'pod/preloaded-w2', '--timeout=60s']);
  });
});

test('a folder without archives is refused before anything is changed', async () => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  await withInventory(preloading, async () => {
    const refused = await k8sb(['up']);
    expect(refused.code, failures(refused)).toBe(1);
    expect(failures(refused)).toContain(`${folder} has no *.tar`);
  });
});
