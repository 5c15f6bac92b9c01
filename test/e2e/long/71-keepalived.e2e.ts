import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../support/kubectl.ts';
import {
  HOSTS,
  type HostName,
  addressOf,
  command,
  lab,
  onHost,
  onHosts,
  settings,
  tryOnHost,
} from '../support/lab.ts';
import { breakOthers, idsOf } from '../support/mutations.ts';
import { plannedIn } from '../support/product.ts';
import { changedBy, explained, masters, nothingToDo, scene, wipe } from '../support/scene.ts';
import { moved, startsOf } from '../support/units.ts';

/** An address for users on masters; this machine, which is none of the cluster's, is the user. */

const VIP = `${settings.net}.100`;
const UNIT = 'k8s-bootstrap-keepalived.service';
const CONFIG = '/etc/kubernetes/keepalived/keepalived.conf';

const inventory = (
  its: readonly HostName[],
  extra = `apiServer: { keepalived: { vip: ${VIP} } }\n`,
): string => masters({ name: 'vip', hosts: HOSTS, masters: its, members: HOSTS, extra });

await wipe(...HOSTS);
const cluster = scene('vip', inventory(['m1', 'w1']));

afterAll(async () => {
  await tryOnHost(
    'w2',
    `ip addr del ${VIP}/24 dev $(ip -o -4 route get ${VIP} | sed 's/.* dev //; s/ .*//')`,
  );
  await wipe(...HOSTS);
  rmSync(cluster.folder, { recursive: true, force: true });
});

/** Hosts that have the address. */
const holders = async (hosts: readonly HostName[] = HOSTS): Promise<HostName[]> => {
  const found = await onHosts(`ip -o -4 addr show | grep -cwF ${VIP} || :`, hosts);
  return [...found].flatMap(([host, count]) => (count.trim() === '0' ? [] : [host]));
};

/** What an API server says at the address, once its certificate was found to be right for that. */
const answer = async (): Promise<string> => {
  const ca = join(cluster.state, 'pki/ca.crt');
  const words = ['-sS', '--max-time', '1', '--noproxy', '*', '--cacert', ca, '-o', '/dev/null'];
  const { stdout } = await command('curl', [...words, '-w', '%{http_code}', `https://${VIP}:6443/healthz`]);
  return stdout;
};

/** Hardened, it tells nobody in particular how it is. */
const ANSWERS = '401';

/** Seconds until another host has the address and answers there. */
async function movedTo(host: HostName, asked: readonly HostName[] = HOSTS): Promise<number> {
  const start = Date.now();
  for (;;) {
    const seconds = (Date.now() - start) / 1000;
    if ((await holders(asked)).join(' ') === host && (await answer()) === ANSWERS) return seconds;
    if (seconds > 40) throw new Error(`${host} does not have ${VIP}`);
    await sleep(200);
  }
}

test('an address that somebody has already is refused', async () => {
  const link = `$(ip -o -4 route get ${settings.controller} | sed 's/.* dev //; s/ .*//')`;
  await onHost('w2', `ip addr add ${VIP}/24 dev ${link}`);
  const refused = await cluster.run(['preflight', '--accept-new-host-keys']);
  await onHost('w2', `ip addr del ${VIP}/24 dev ${link}`);
  const told = refused.events.filter(({ type, check }) => type === 'preflight' && check === 'vip');
  expect(
    told.map(({ host, message }) => `${String(host)}: ${String(message)}`).toSorted(),
    explained(refused),
  ).toEqual(
    ['m1', 'w1'].map((host) => `${host}: somebody answers at apiServer.keepalived.vip ${VIP} already`),
  );
});

test('two masters come up with it: the first has it, and a second up changes nothing', async () => {
  const first = await cluster.run(['up', '--accept-new-host-keys']);
  expect(first.code, explained(first)).toBe(0);
  expect(await movedTo('m1')).toBeLessThan(10);
  const again = await cluster.run(['up']);
  expect(again.code, explained(again)).toBe(0);
  expect(changedBy(again)).toBe(0);
  // The keepalived of the system is somebody else's.
  expect(await onHosts('systemctl is-active keepalived; :', ['m1', 'w1'])).toEqual(
    new Map([
      ['m1', 'inactive\n'],
      ['w1', 'inactive\n'],
    ]),
  );
  const password = (await onHost('m1', `sed -n 's/^ *auth_pass //p' ${CONFIG}`)).trim();
  expect(password).toMatch(/^[\w-]{8}$/);
  expect(await onHost('w1', `cat ${CONFIG}`)).toContain(`auth_pass ${password}\n`);
  expect(first.stdout + first.stderr).not.toContain(password);
  expect(await onHost('m1', `stat -c '%a %U' ${CONFIG}`)).toBe('600 root\n');
  const opened = await onHosts('firewall-cmd --list-rich-rules | grep vrrp; :');
  const to = (host: HostName): string =>
    `rule family="ipv4" source address="${addressOf(host)}" protocol value="vrrp" accept\n`;
  expect(Object.fromEntries(opened)).toEqual({ m1: to('w1'), w1: to('m1'), w2: '' });
});

test('users are told it, and nodes are not', async () => {
  const out = join(cluster.folder, 'user.conf');
  const handed = await cluster.run(['users', 'kubeconfig', 'kubernetes-admin', '--out', out]);
  expect(handed.code, explained(handed)).toBe(0);
  const { stdout } = await command('cat', [out]);
  expect(stdout).toContain(`server: https://${VIP}:6443`);
  const nodes = await onHosts('grep -h server: /etc/kubernetes/kubelet.conf /etc/kubernetes/proxy.conf');
  for (const text of nodes.values()) expect(text).not.toContain(VIP);
});

test('an API server that hangs loses it within ten seconds, and has it again when it is well', async () => {
  await onHost('m1', 'pkill -STOP -x kube-apiserver');
  try {
    const seconds = await movedTo('w1');
    console.log(`m1 hangs: ${VIP} moved after ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(10);
  } finally {
    await onHost('m1', 'pkill -CONT -x kube-apiserver');
  }
  await movedTo('m1');
});

test('a third master is told to all, one after the other, and the address goes on', async () => {
  cluster.write(inventory(HOSTS));
  const added = await cluster.run(['up']);
  expect(added.code, explained(added)).toBe(0);
  const restarts = added.events.flatMap(({ type, host, step }) =>
    type === 'step.done' && String(step) === `restart ${UNIT}` ? [String(host)] : [],
  );
  expect(restarts.toSorted()).toEqual([...HOSTS]);
  const peers = await onHosts(`sed -n '/unicast_peer/,/}/p' ${CONFIG} | grep -o '[0-9.]*' | sort`);
  for (const host of HOSTS) {
    const others = HOSTS.filter((other) => other !== host).map(addressOf);
    expect(peers.get(host)?.trim().split('\n')).toEqual(others.toSorted());
  }
  expect(await movedTo('m1')).toBeLessThan(20);
  await nothingToDo(cluster);
});

test('a master that is switched off loses it within ten seconds', async () => {
  await lab('poweroff', 'm1');
  const seconds = await movedTo('w1', ['w1', 'w2']);
  console.log(`m1 is off: ${VIP} moved after ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(10);
  await lab('start', 'm1');
  await movedTo('m1');
  await eventually(() => nothingToDo(cluster), 120);
});

test('what is broken of it is mended, and it alone restarted', async () => {
  const before = await startsOf(['w1']);
  const { expected, swept } = await breakOthers('keepalived', 'w1');
  const mended = await cluster.run(['up']);
  await onHost('w1', swept);
  expect(mended.code, explained(mended)).toBe(0);
  expect(idsOf(plannedIn(mended.events))).toEqual(expected);
  expect(moved(before, await startsOf(['w1']))).toEqual([`w1 ${UNIT}`]);
  await nothingToDo(cluster);
});

test('without it in the inventory nothing of it is left but the package', async () => {
  cluster.write(inventory(HOSTS, ''));
  const taken = await cluster.run(['up']);
  expect(taken.code, explained(taken)).toBe(0);
  expect(await holders()).toEqual([]);
  const left = `ls ${CONFIG} /etc/kubernetes/keepalived/check.sh /etc/systemd/system/${UNIT} 2>/dev/null; pgrep -x keepalived; firewall-cmd --list-rich-rules | grep vrrp; ss -Hltn 'sport = :6443' | awk '{ print $4 }'`;
  for (const [host, text] of await onHosts(`${left}; :`)) expect(text).toBe(`${addressOf(host)}:6443\n`);
  await nothingToDo(cluster);
});
