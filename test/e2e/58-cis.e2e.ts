import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Output, command, settings } from './support/lab.ts';
import { type Scene, aloneInventory, scene, wipe } from './support/scene.ts';

let here: Scene;

const image = `${settings.controller}:5000/pause:3.1`;
const client = join(settings.cache, 'mirror/release/v1.16.3/bin/linux/amd64/kubectl');

/** As the administrator, or as somebody else in whose name the administrator speaks. */
const kubectl = (args: readonly string[], stdin = ''): Promise<Output> =>
  command(client, ['--kubeconfig', join(here.state, 'kubeconfig/admin.conf'), ...args], {
    stdin,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });

const asAlice = ['--as', 'alice', '--as-group', 'system:authenticated'];

const pod = (name: string, namespace: string, privileged: boolean): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      containers: [
        {
          name: 'pause',
          image,
          securityContext: privileged ? { privileged: true } : { runAsUser: 1000, runAsGroup: 1000 },
        },
      ],
    },
  });

beforeAll(async () => {
  await wipe('m1');
  here = scene('hard', aloneInventory('hard', 'm1', 'profile: cis\n').replace(/^profile: secure\n/m, ''));
});
afterAll(() => {
  here.remove();
});

describe('profile cis', () => {
  it('comes up', async () => {
    const { code, errors } = await here.run(['up', '--accept-new-host-keys']);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    const { stdout } = await kubectl(['get', 'nodes', '--no-headers']);
    expect(stdout).toMatch(/^m1\s+Ready\s/);
  });

  it('has nothing more to do', async () => {
    const { code, events } = await here.run(['up']);
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'summary', changed: 0, failed: 0 });
  });

  it('runs a privileged pod of the system', async () => {
    const created = await kubectl(['apply', '-f', '-'], pod('system', 'kube-system', true));
    expect({ code: created.code, stderr: created.stderr }).toEqual({ code: 0, stderr: '' });
    await expect
      .poll(
        async () =>
          (await kubectl(['-n', 'kube-system', 'get', 'pod', 'system', '-o', 'jsonpath={.status.phase}']))
            .stdout,
        {
          timeout: 60_000,
          interval: 1000,
        },
      )
      .toBe('Running');
  });

  it('lets a plain user run a plain pod, and refuses a privileged one', async () => {
    const bound = await kubectl([
      'create',
      'rolebinding',
      'alice',
      '--clusterrole=edit',
      '--user=alice',
      '--namespace=default',
    ]);
    expect(bound.code).toBe(0);
    const plain = await kubectl([...asAlice, 'apply', '-f', '-'], pod('plain', 'default', false));
    expect({ code: plain.code, stderr: plain.stderr }).toEqual({ code: 0, stderr: '' });
    const privileged = await kubectl([...asAlice, 'apply', '-f', '-'], pod('privileged', 'default', true));
    expect(privileged.code).toBe(1);
    expect(privileged.stderr).toContain('unable to validate against any pod security policy');
    await expect
      .poll(async () => (await kubectl(['get', 'pod', 'plain', '-o', 'jsonpath={.status.phase}'])).stdout, {
        timeout: 60_000,
        interval: 1000,
      })
      .toBe('Running');
  });
});
