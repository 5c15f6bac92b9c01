import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, kubectl } from '../support/kubectl.ts';
import { type HostName, onHost, settings } from '../support/lab.ts';
import {
  type PlannedChange,
  confirmed,
  failures,
  k8sb,
  lines,
  standingCluster,
  up,
  withInventory,
} from '../support/product.ts';
import { expectNothingToDo, expectNothingToDoAfterBoot, plan } from '../support/settled.ts';

/** Hosts that somebody has worked on: what decides there when things run is what a plan compares. */

const DROP_IN = '/etc/systemd/system/kube-scheduler.service.d/override.conf';
const CONFLIST = '/etc/cni/net.d/05-old.conflist';
const ORIGINALS = '/var/lib/k8s-bootstrap/originals';
const OLD_NETWORK = JSON.stringify({
  cniVersion: '0.3.1',
  name: 'old',
  plugins: [{ type: 'bridge', bridge: 'old0', ipam: { type: 'host-local', subnet: '10.99.0.0/24' } }],
});

const summaryOf = (planned: readonly PlannedChange[], id: string): string =>
  planned.find((change) => change.id === id)?.summary ?? '';

const inNamespace = (args: readonly string[], stdin = ''): Promise<string> =>
  kubectl(['-n', 'used', ...args], stdin);
const addressOfPod = (name: string): Promise<string> =>
  inNamespace(['get', 'pod', name, '-o', 'jsonpath={.status.podIP}']);

async function shells(): Promise<void> {
  const text = readFileSync(new URL('../manifests/shells.yaml', import.meta.url), 'utf8');
  await inNamespace(['apply', '-f', '-'], text.replaceAll('REGISTRY', `${settings.controller}:5000`));
  await inNamespace(['wait', '--for=condition=Ready', 'pod/shell-w1', 'pod/shell-w2', '--timeout=90s']);
}

beforeAll(async () => {
  await standingCluster();
  await kubectl(['delete', 'namespace', 'used', '--ignore-not-found']);
  await kubectl(['create', 'namespace', 'used']);
  await eventually(() => inNamespace(['get', 'serviceaccount', 'default']));
});

afterAll(async () => {
  await kubectl(['delete', 'namespace', 'used', '--ignore-not-found']);
  await up();
});

test('a drop-in that is declared stays, and is named', async () => {
  await onHost(
    'm1',
    `mkdir -p ${DROP_IN.replace(/\/[^/]*$/, '')}; printf '[Service]\nNice=1\n' > ${DROP_IN}`,
  );
  await onHost('m1', 'systemctl daemon-reload; systemctl restart kube-scheduler');
  await withInventory(
    (text) => text.replace(/^os:\n/m, `os:\n  acceptDropIns: [${DROP_IN}]\n`),
    async () => {
      await expectNothingToDo();
      const found = await k8sb(['preflight'], { text: true });
      expect(found.stdout + found.stderr).toContain(`${DROP_IN} changes kube-scheduler.service`);
    },
  );
});

test('what was put over a unit, before our network and after our parameters goes, and is kept', async () => {
  await Promise.all([
    onHost('w1', `printf '\nnet.ipv4.ip_forward = 0\n' >> /etc/sysctl.conf`),
    onHost('w2', `cat > ${CONFLIST} <<'END'\n${OLD_NETWORK}\nEND`),
  ]);
  const found = await plan();
  expect(lines(found.planned), failures(found)).toEqual([
    'm1 drop-ins:kube-scheduler.service.d delete',
    'm1 service:kube-scheduler.service restart',
    'w1 sysctl:net.ipv4.ip_forward update',
    'w2 cni-order delete',
  ]);
  expect(summaryOf(found.planned, 'drop-ins:kube-scheduler.service.d')).toContain(DROP_IN);
  expect(summaryOf(found.planned, 'cni-order')).toContain(`the runtime takes ${CONFLIST}, not ours`);
  expect(summaryOf(found.planned, 'sysctl:net.ipv4.ip_forward')).toContain('makes it 0');
  await up();
  await expectNothingToDo();
  expect(await onHost('m1', 'systemctl show -p DropInPaths kube-scheduler')).toBe('DropInPaths=\n');
  expect(await onHost('m1', `cat ${ORIGINALS}${DROP_IN}`)).toContain('Nice=1');
  expect((await onHost('w2', `cat ${ORIGINALS}${CONFLIST}`)).trim()).toBe(OLD_NETWORK);
  await shells();
  expect(await addressOfPod('shell-w2')).not.toMatch(/^10\.99\./);
});

/** Moves a folder away and puts a link in its place, or the other way round, while its unit is stopped. */
const move = (host: HostName, unit: string, from: string, to: string, link: boolean): Promise<string> =>
  onHost(
    host,
    `set -e
systemctl stop ${unit}
${link ? '' : `rm ${to}`}
mkdir -p ${to.replace(/\/[^/]*$/, '')}
mv ${from} ${to}
${link ? `ln -s ${to} ${from}` : ''}
systemctl start ${unit}`,
  );

/** A folder with pods' volumes in it cannot be moved: w2 is drained meanwhile. */
async function withoutPods(act: () => Promise<unknown>): Promise<void> {
  const node = async (...words: readonly string[]): Promise<void> => {
    const result = await confirmed('node', ...words);
    expect(result.code, failures(result)).toBe(0);
  };
  await node('drain', 'w2', '--force');
  await act();
  await node('uncordon', 'w2');
}

const DROPPING = '/etc/systemd/system/dropping.service';
const UNIT_THAT_DROPS = `[Unit]
Description=somebody's own idea of a firewall
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/iptables -P FORWARD DROP
[Install]
WantedBy=multi-user.target
`;

test('pods reach those of other hosts where a policy drops what is forwarded, also after a boot', async () => {
  const workers = ['w1', 'w2'] as const;
  const ping = async (): Promise<string> =>
    inNamespace(['exec', 'shell-w1', '--', 'ping', '-c', '1', '-W', '2', await addressOfPod('shell-w2')]);
  await shells();
  try {
    await withInventory(
      (text) => text.replace(/^os:\n/m, 'os:\n  firewall: ignore\n'),
      async () => {
        for (const host of workers) {
          await onHost(
            host,
            'systemctl stop firewalld; iptables -P FORWARD DROP; systemctl restart kube-proxy; sleep 2',
          );
        }
        await expect(ping(), 'kube-proxy lets through answers alone').rejects.toThrow('100% packet loss');
        expect(lines((await plan()).planned)).toEqual(
          workers.map((host) => `${host} service:k8s-bootstrap-routes.service restart`),
        );
        await up();
        expect(await ping()).toContain(' 0% packet loss');
        await expectNothingToDo();
        await onHost(
          'w2',
          `cat > ${DROPPING} <<'END'\n${UNIT_THAT_DROPS}END\nsystemctl disable firewalld; systemctl enable dropping`,
        );
        await expectNothingToDoAfterBoot('w2');
        expect(await onHost('w2', 'iptables -S FORWARD')).toContain('-P FORWARD DROP');
        await eventually(async () => {
          expect(await ping()).toContain(' 0% packet loss');
        }, 60);
      },
    );
  } finally {
    await onHost('w2', `systemctl disable dropping; rm -f ${DROPPING}; systemctl enable firewalld`);
    for (const host of workers) await onHost(host, 'iptables -P FORWARD ACCEPT; systemctl start firewalld');
    await up();
  }
});

test('the data of etcd and kubelet may lie elsewhere, by a link, also after a boot', async () => {
  await move('m1', 'etcd', '/var/lib/etcd', '/srv/data/etcd', true);
  await withoutPods(() => move('w2', 'kubelet', '/var/lib/kubelet', '/srv/data/kubelet', true));
  try {
    await eventually(expectNothingToDo);
    await shells();
    await expectNothingToDoAfterBoot('w1', 'w2');
    expect(await onHost('w1', 'cat /proc/sys/net/ipv4/ip_forward')).toBe('1\n');
  } finally {
    await withoutPods(() => move('w2', 'kubelet', '/srv/data/kubelet', '/var/lib/kubelet', false));
    await move('m1', 'etcd', '/srv/data/etcd', '/var/lib/etcd', false);
  }
  await eventually(expectNothingToDo);
});
