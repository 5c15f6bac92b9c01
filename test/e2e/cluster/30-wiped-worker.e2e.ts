import { beforeAll, expect, test } from 'vitest';
import { eventually, kubectl } from '../support/kubectl.ts';
import { lab, onHost, settings } from '../support/lab.ts';
import { failures, forgetHostKey, k8sb, standingCluster } from '../support/product.ts';
import { moved, startsOf } from '../support/units.ts';

let fingerprints: { old: string; new: string };

const fingerprint = async (): Promise<string> =>
  (await onHost('w1', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).split(' ')[1] ?? '';

beforeAll(async () => {
  await standingCluster();
  const old = await fingerprint();
  await lab('wipe', 'w1');
  fingerprints = { old, new: await fingerprint() };
});

test('a host with another key is not spoken to, whatever is accepted, and both keys are named', async () => {
  const before = await startsOf();
  for (const args of [['up'], ['up', '--accept-new-host-keys']]) {
    const result = await k8sb(args);
    expect(result.code, failures(result)).toBe(4);
    const failed = result.events.filter(({ type }) => type === 'host.failed') as unknown as {
      host: string;
      error: { code: string; message: string; hint: string };
    }[];
    expect(failed.map(({ host, error }) => [host, error.code])).toEqual([['w1', 'E_HOST_KEY_CHANGED']]);
    expect(JSON.stringify(failed)).toContain(fingerprints.new);
    expect(JSON.stringify(failed)).toContain(fingerprints.old);
    expect(result.summary).toMatchObject({ changed: 0, failed: 1 });
  }
  expect(moved(before, await startsOf())).toEqual([]);
  expect(await onHost('w1', 'ls /var/lib')).not.toContain('k8s-bootstrap');
});

test('once its new key is trusted, up rebuilds that one host and touches no other', async () => {
  const before = await startsOf(['m1', 'w2']);
  await forgetHostKey('w1');
  const result = await k8sb(['up', '--accept-new-host-keys']);
  expect(result.code, failures(result)).toBe(0);
  const by = new Map(result.summary.hosts.map((host) => [host.name, host]));
  expect(by.get('w1')!.changed).toBeGreaterThan(20);
  expect([by.get('m1')!.changed, by.get('w2')!.changed]).toEqual([0, 0]);
  expect(moved(before, await startsOf(['m1', 'w2']))).toEqual([]);
  expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
});

test('it is the same node as before, and runs pods', async () => {
  await kubectl(['delete', 'pod', 'rebuilt', '--ignore-not-found']);
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'rebuilt' },
    spec: {
      nodeName: 'w1',
      restartPolicy: 'Never',
      containers: [
        { name: 'shell', image: `${settings.controller}:5000/busybox:1.31`, command: ['echo', 'works'] },
      ],
    },
  };
  await kubectl(['apply', '-f', '-'], JSON.stringify(pod));
  await eventually(async () => {
    expect(await kubectl(['logs', 'rebuilt'])).toBe('works\n');
  });
  await kubectl(['delete', 'pod', 'rebuilt']);
});
