import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { audit } from '../support/kube-bench.ts';
import { HOSTS, addressOf, lab, onHost, settings } from '../support/lab.ts';
import { failures, k8sb, lines, standingCluster } from '../support/product.ts';

beforeAll(standingCluster);

/** Lines that are not about our units, with the reason. */
const harmless = [
  // Other units that a verified one wants, which the lab switches off because the machine has them.
  /^Unit \S+ is masked\.$/,
];

test.each(HOSTS)('systemd has nothing to say about the units on %s', async (host) => {
  const units = (
    await onHost(
      host,
      `cut -f2 /var/lib/k8s-bootstrap/manifest | sed -n 's,^/etc/systemd/system/\\([^/]*\\.service\\)$,\\1,p; s,^/etc/systemd/system/\\([^/]*\\)\\.d$,\\1,p'`,
    )
  )
    .trim()
    .split('\n');
  expect(units.length).toBeGreaterThanOrEqual(4);
  expect(units).toContain('kubelet.service');
  const said = await onHost(host, `systemd-analyze verify --man=no ${units.join(' ')} 2>&1`);
  expect(
    said.split('\n').filter((line) => line !== '' && !harmless.some((pattern) => pattern.test(line))),
  ).toEqual([]);
});

test.each(HOSTS)('haproxy takes the balancer’s configuration on %s without a warning', async (host) => {
  const said = await onHost(host, 'haproxy -c -f /etc/kubernetes/balancer/haproxy.cfg 2>&1');
  expect(said.trim()).toBe('Configuration file is valid');
  // Neither the package nor this program has started the distribution's own.
  expect(await onHost(host, 'systemctl is-enabled haproxy; systemctl is-active haproxy; :')).toBe(
    'disabled\ninactive\n',
  );
});

test('the balancer’s process is no root, and reads no key again', async () => {
  const said = await onHost(
    'w1',
    'pid=$(systemctl show -p MainPID k8s-bootstrap-balancer); stat -c %U /proc/${pid#*=}; su -s /bin/sh haproxy -c "cat /etc/kubernetes/pki/balancer.pem" 2>&1; :',
  );
  expect(said).toMatch(/^haproxy\ncat: .*Permission denied\n$/);
});

const HELP: Readonly<Record<string, string>> = {
  etcd: 'etcd-v3.4.23/etcd.txt',
  ...Object.fromEntries(
    ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'].map((name) => [
      name,
      `v1.16.3/${name}.txt`,
    ]),
  ),
};

const wanted = { m1: Object.keys(HELP), w1: ['kubelet', 'kube-proxy'], w2: ['kubelet', 'kube-proxy'] };

test.each(HOSTS)('every flag of what runs on %s is one that its binary lists', async (host) => {
  for (const name of wanted[host]) {
    const line = await onHost(host, `tr '\\0' '\\n' < /proc/$(pidof ${name})/cmdline`);
    const flags = line.split('\n').slice(1).filter(Boolean);
    const help = readFileSync(join(settings.cache, 'help', HELP[name]!), 'utf8');
    const listed = new Set([...help.matchAll(/^\s+(?:-\w, )?--([\w-]+)/gm)].map((match) => match[1]));
    expect(flags.length, name).toBeGreaterThan(name === 'kube-proxy' ? 0 : 5);
    expect(
      flags.every((flag) => flag.startsWith('--')),
      line,
    ).toBe(true);
    expect(
      flags.map((flag) => flag.slice(2).split('=')[0]!).filter((flag) => !listed.has(flag)),
      name,
    ).toEqual([]);
  }
});

test('no listener of the control plane takes a cipher without forward secrecy', async () => {
  const own = addressOf('m1');
  const listeners = [
    ...[2379, 2380, 6443, 10_250].map((port) => `${own}:${port}`),
    ...[10_257, 10_259].map((port) => `127.0.0.1:${port}`),
  ];
  // Security level 0: openssl itself would not offer it.
  const takes = (cipher: string): Promise<string> =>
    onHost(
      'm1',
      `for at in ${listeners.join(' ')}; do
  openssl s_client -tls1_2 -cipher '${cipher}@SECLEVEL=0' -connect $at < /dev/null 2>&1 | grep -q ', Cipher is [A-Z]' && echo $at
done; :`,
    );
  expect(await takes('AES128-SHA')).toBe('');
  expect((await takes('ECDHE')).trim().split('\n')).toEqual(listeners);
});

test('API server and controllers leave no file of authorities in the folder that everybody writes', async () => {
  expect(await onHost('m1', "ls -A /tmp | grep -E 'client-ca-file|requestheader' || :")).toBe('');
});

test('a reload of firewalld and a boot of every host leave nothing to do', async () => {
  await onHost('w1', 'firewall-cmd -q --reload');
  const reloaded = await k8sb(['plan', '--detailed-exitcode']);
  expect(lines(reloaded.planned), failures(reloaded)).toEqual([]);
  await Promise.all(HOSTS.map((host) => lab('poweroff', host)));
  await Promise.all(HOSTS.map((host) => lab('start', host)));
  // Units that wait for each other come one after the other.
  await expect
    .poll(async () => lines((await k8sb(['plan', '--detailed-exitcode'])).planned), {
      timeout: 120_000,
      interval: 3000,
    })
    .toEqual([]);
  const plan = await k8sb(['plan', '--detailed-exitcode']);
  expect(plan.code, failures(plan)).toBe(0);
});

test('kube-bench fails profile secure for pod security policies alone', async () => {
  const failed = (await audit('m1')).filter(({ status }) => status === 'FAIL');
  expect(failed).toMatchObject([
    { id: '1.2.16', text: expect.stringContaining('PodSecurityPolicy') as string },
  ]);
});
