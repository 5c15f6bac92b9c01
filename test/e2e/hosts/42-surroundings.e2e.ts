import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardedRegistry } from '../support/guarded-registry.ts';
import { eventually, kubectl } from '../support/kubectl.ts';
import { addressOf, onHost, onHosts, settings } from '../support/lab.ts';
import {
  type Result,
  failures,
  inventoryFile,
  k8sb,
  lines,
  product,
  standingCluster,
  up,
  withInventory,
} from '../support/product.ts';
import { expectNothingToDo, expectNothingToDoAfterBoot, plan } from '../support/settled.ts';

/** What is around a cluster and nobody asked us about: firewalls, links, web proxies, names, tunnels. */

beforeAll(standingCluster);
afterAll(async () => {
  await up();
});

/** What preflight says of a host: `w1 error …`. */
const told = ({ events }: Result, check: string): string[] =>
  events
    .filter((event) => event.type === 'preflight' && event['check'] === check)
    .map(({ host, level, message }) => `${String(host)} ${String(level)} ${String(message)}`)
    .sort();

test('rules outlive a firewall that is read anew, and routes come back that went with a link', async () => {
  const masquerade = `iptables -w -t nat -S POSTROUTING; firewall-cmd --direct --get-all-rules`;
  const before = await onHosts(masquerade, ['w1', 'w2']);
  await onHosts('firewall-cmd --reload', ['w1', 'w2']);
  await expectNothingToDo();
  expect(await onHosts(masquerade, ['w1', 'w2'])).toEqual(before);
  await onHost(
    'w1',
    `set -- $(ip -4 route show default)
link=$5
ip link set "$link" down; ip link set "$link" up; ip route replace "$@"
! ip -4 route | grep -q "^198.19.*via"`,
  );
  expect(lines((await plan()).planned)).toEqual(['w1 service:k8s-bootstrap-routes.service restart']);
  await up();
  await expectNothingToDo();
  await expectNothingToDoAfterBoot('w1');
});

test('a web proxy that everybody on a master gets is in no way of ours', async () => {
  const lines = ['http_proxy', 'https_proxy', 'HTTPS_PROXY'].map((name) => `${name}=http://192.0.2.9:3128`);
  await onHost(
    'm1',
    `cp -a /etc/environment /root/environment; printf '%s\\n' ${lines.join(' ')} >> /etc/environment`,
  );
  try {
    expect(await onHost('m1', 'echo "$https_proxy"')).toContain('192.0.2.9');
    const user = ['proxied', '-i', inventoryFile, '--json'];
    const issued = await product(['issue-user', ...user, '--role', 'view']);
    expect(issued.code, failures(issued)).toBe(0);
    const revoked = await product(['users', 'revoke', ...user]);
    expect(revoked.code, failures(revoked)).toBe(0);
    await expectNothingToDo();
    await expectNothingToDoAfterBoot('m1');
  } finally {
    await onHost('m1', 'mv /root/environment /etc/environment');
  }
});

test('a range of services, and a name that nobody knows, are refused before anything is changed', async () => {
  await withInventory(
    (text) => text.replace(/serviceCIDR: .*/, 'serviceCIDR: 198.19.32.0/20'),
    async () => {
      const refused = await k8sb(['up']);
      expect(refused.code).toBe(1);
      expect(told(refused, 'service-range').join()).toContain('198.19.32.0/20');
    },
  );
  await withInventory(
    (text) => text.replace('balancer: local', 'balancer: external\n  endpoint: api.nowhere.invalid:6443'),
    async () => {
      const refused = await k8sb(['up']);
      expect(refused.code).toBe(1);
      expect(told(refused, 'endpoint')).toEqual(
        ['w1', 'w2'].map(
          (host) => `${host} error does not know the name api.nowhere.invalid of apiServer.endpoint`,
        ),
      );
    },
  );
  await expectNothingToDo();
});

test('an image behind a login is pulled by docker, and the password is read by root alone', async () => {
  const registry = await guardedRegistry('robot', 'correct-horse');
  try {
    await withInventory(
      (text) =>
        text
          .replace(/insecureRegistries: \[(.*)\]/, `insecureRegistries: [$1, '${registry.name}']`)
          .replace(
            /'guarded\.lab:\d+': .*/,
            `$&\n    '${registry.name}': { username: robot, password: correct-horse }`,
          ),
      async () => {
        const { events, stderr } = await up();
        expect(JSON.stringify(events) + stderr).not.toContain('correct-horse');
        const pod = {
          ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'guarded' } },
          spec: {
            nodeName: 'w1',
            containers: [{ name: 'guarded', image: `${registry.name}/pause:3.1`, imagePullPolicy: 'Always' }],
          },
        };
        await kubectl(['apply', '-f', '-'], JSON.stringify(pod));
        try {
          await kubectl(['wait', '--for=condition=Ready', 'pod/guarded', '--timeout=90s']);
        } finally {
          await kubectl(['delete', 'pod', 'guarded', '--now']);
        }
        expect(registry.served.some((path) => path.startsWith('/v2/pause/manifests/'))).toBe(true);
        const readable = await onHost(
          'w1',
          `grep -rl "$(printf robot:correct-horse | base64)" /etc /var/lib/kubelet/config.json /root 2>/dev/null | xargs stat -c %a:%U`,
        );
        expect([...new Set(readable.trim().split('\n'))]).toEqual(['600:root']);
        await expectNothingToDo();
      },
    );
  } finally {
    await registry.close();
  }
  await up();
});

test('a worker may be reached through a tunnel', async () => {
  const port = 20_122 + settings.instance;
  const tunnel = spawn(
    'ssh',
    [
      ...['-N', '-i', settings.key, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
      ...['-L', `127.0.0.1:${port}:${addressOf('w1')}:22`, `root@${addressOf('m1')}`],
    ],
    { stdio: 'ignore' },
  );
  try {
    await withInventory(
      (text) =>
        text.replace(
          /(address: )(\S+)(\n *roles: \[worker\]\n *runtime: docker\n *ssh:\n)/,
          `$1127.0.0.1\n    ip: $2$3      port: ${port}\n`,
        ),
      async () => {
        await eventually(async () => {
          await up();
        });
        await expectNothingToDo();
        await expectNothingToDoAfterBoot('w1');
      },
    );
  } finally {
    tunnel.kill();
  }
});
