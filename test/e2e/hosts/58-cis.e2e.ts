import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit } from '../support/kube-bench.ts';
import { type Output, command, onHost, settings } from '../support/lab.ts';
import { type Scene, aloneInventory, scene, wipe } from '../support/scene.ts';

let here: Scene;

const image = `${settings.controller}:5000/pause:3.1`;
const client = join(settings.cache, 'mirror/release/v1.16.3/bin/linux/amd64/kubectl');

/** As the administrator, or as somebody else in whose name the administrator speaks. */
const kubectl = (args: readonly string[], stdin = ''): Promise<Output> =>
  command(client, ['--kubeconfig', join(here.state, 'kubeconfig/admin.conf'), ...args], {
    stdin,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });

const AUDIT = '/var/log/kubernetes/audit/audit.log';

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
  const dns = `dns: { image: '${settings.controller}:5000/coredns:1.6.2' }\n`;
  here = scene(
    'hard',
    aloneInventory('hard', 'm1', `profile: cis\netcd: { dataDir: /data/etcd }\n${dns}`).replace(
      /^profile: secure\n/m,
      '',
    ),
  );
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

  it('keeps its data where the inventory says', async () => {
    expect(
      await onHost(
        'm1',
        'stat -c %a:%U /data/etcd; ls -d /data/etcd/member; ls -A /var/lib/etcd 2>/dev/null || :',
      ),
    ).toBe('700:etcd\n/data/etcd/member\n');
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

  it('filters the system calls of a plain pod', async () => {
    // proc(5): 2 is a filter. The pod of the system, which runs as root, may do without.
    expect(await onHost('m1', 'sed -n "s/^Seccomp:\t//p" /proc/$(pgrep -u 1000 -x pause)/status')).toBe(
      '2\n',
    );
  });

  it('fails nothing that kube-bench asks', async () => {
    const controls = await audit('m1');
    expect(controls.length).toBeGreaterThan(90);
    expect(controls.filter(({ status }) => status === 'FAIL')).toEqual([]);
    // 1.1.9 asks a kubelet flag for the CNI's folder, 1.2.26 wants its own default spelled out, 3.x are for people.
    const manual = controls.filter(({ status }) => status !== 'PASS').map(({ id }) => id);
    expect(manual).toEqual(['1.1.9', '1.2.26', '3.1.1', '3.2.2']);
  });

  it('notes that a node asked for a Secret that is not its own', async () => {
    await kubectl(['create', 'secret', 'generic', 'not-for-nodes', '--from-literal=a=b']);
    const stolen = await onHost(
      'm1',
      'kubectl --kubeconfig /etc/kubernetes/kubelet.conf get secret not-for-nodes 2>&1 || true',
    );
    expect(stolen).toContain('Forbidden');
    const noted = await onHost(
      'm1',
      `grep -F '"name":"not-for-nodes"' ${AUDIT} | grep -F '"username":"system:node:m1"'`,
    );
    expect(JSON.parse(noted.split('\n')[0]!)).toMatchObject({
      verb: 'get',
      level: 'Metadata',
      responseStatus: { code: 403 },
    });
  });

  it('writes under 40 KB a minute into its audit log when nobody asks for anything', async () => {
    const half = `a=$(stat -c %s ${AUDIT}); sleep 30; b=$(stat -c %s ${AUDIT}); echo $((b - a))`;
    expect(2 * Number(await onHost('m1', half))).toBeLessThan(40_000);
  });
});
