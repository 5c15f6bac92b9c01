import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { service, writesDuring } from '../support/balanced-writer.ts';
import { eventually } from '../support/kubectl.ts';
import { HOSTS, MORE_HOSTS, type AnyHost, addressOf, lab, onHost, onHosts } from '../support/lab.ts';
import { changedBy, explained, masters, nothingToDo, scene, wipe } from '../support/scene.ts';
import { moved, startsOf } from '../support/units.ts';

/** Three masters that are members and nodes, and two workers from which somebody writes all the time. */

const ALL = [...HOSTS, ...MORE_HOSTS];
const inventory = (hosts: readonly AnyHost[], itsMasters: readonly AnyHost[]): string =>
  masters({ name: 'five', hosts, masters: itsMasters, members: itsMasters });

await wipe(...HOSTS);
await lab('up', '--hosts', '5');
await Promise.all(MORE_HOSTS.map((host) => lab('wipe', host)));
const five = scene('five', inventory(ALL, HOSTS));
const first = await five.run(['up', '--accept-new-host-keys']);

const kubectl = (host: AnyHost, words: string, stdin = ''): Promise<string> =>
  onHost(host, `${stdin}/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

const notReady = async (at: AnyHost): Promise<string[]> =>
  (await kubectl(at, 'get nodes --no-headers'))
    .trim()
    .split('\n')
    .filter((line) => !/\sReady\s/.test(line))
    .map((line) => line.split(/\s/)[0] ?? '');

const allReady = (at: AnyHost, seconds: number): Promise<void> =>
  eventually(async () => {
    expect(await notReady(at)).toEqual([]);
  }, seconds);

const membersHealthy = (at: AnyHost): Promise<string> =>
  eventually(() => onHost(at, '. /etc/profile.d/etcdctl.sh; etcdctl endpoint health --cluster'));

/** A pod on a worker that does nothing: what is run in its network is where a pod would be. */
async function podOn(node: AnyHost): Promise<string> {
  const image = `${addressOf('m1').replace(/\d+$/, '254')}:5000/busybox:1.31`;
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: `writer-${node}` } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'busybox', image, command: ['sleep', '86400'] }],
    },
  };
  await eventually(() => kubectl('m1', 'get sa default'));
  await kubectl('m1', 'apply -f -', `printf %s '${JSON.stringify(pod)}' | `);
  await kubectl('m1', `wait --for=condition=Ready pod/writer-${node} --timeout=120s`);
  const process = await onHost(node, "pgrep -x -f 'sleep 86400'");
  return `nsenter -t ${process.trim()} -n`;
}

afterAll(async () => {
  await wipe(...HOSTS);
  await Promise.all(MORE_HOSTS.map((host) => lab('wipe', host)));
  rmSync(five.folder, { recursive: true, force: true });
});

test('three masters and two workers come up, and a second up changes nothing', async () => {
  expect(first.code, explained(first)).toBe(0);
  const again = await five.run(['up']);
  expect(again.code, explained(again)).toBe(0);
  expect(changedBy(again)).toBe(0);
});

test.each(HOSTS)(
  'while master %s is off, a worker and a pod go on writing, and nothing acknowledged is lost',
  async (off) => {
    const stays = off === 'm1' ? 'w1' : 'm1';
    const address = (await kubectl(stays, "get service kubernetes -o jsonpath='{.spec.clusterIP}'")).trim();
    const inside = await podOn('w4');
    const away = new Set<string>();
    const goesOff = async (): Promise<void> => {
      await lab('poweroff', off);
      // Forty seconds without a word, and up to fifteen until another controller-manager leads.
      await eventually(async () => {
        const now = await notReady(stays);
        for (const name of now) away.add(name);
        expect(now).toContain(off);
      }, 120);
    };
    const wentOff = goesOff();
    const [byBalancer, byService] = await Promise.all([
      writesDuring('w3', five.state, stays, () => wentOff),
      writesDuring('w4', five.state, stays, () => wentOff, service(address, inside)),
    ]).finally(() => lab('start', off));
    expect([...away], 'nodes that live stay ready').toEqual([off]);
    for (const [name, { acknowledged, lost, longestGapMs }] of Object.entries({ byBalancer, byService })) {
      console.log(`${off} off, ${name}: ${acknowledged} writes, longest gap ${longestGapMs} ms`);
      expect(lost).toEqual([]);
      expect(longestGapMs, name).toBeLessThan(15_000);
    }
    await membersHealthy(stays);
    await allReady(stays, 90);
    await eventually(() => nothingToDo(five), 60);
  },
  600_000,
);

/** Key ids that certificates of the cluster's authority were issued by. */
async function issuers(): Promise<string[]> {
  const told = await five.run(['certs', 'list']);
  const { certificates } = told.events.find(({ type }) => type === 'result')?.['data'] as {
    certificates: { authority: boolean; issuer: string; issuerKeyId: string }[];
  };
  const own = certificates.filter(({ authority, issuer }) => !authority && issuer === 'CN=kubernetes-ca');
  return [...new Set(own.map(({ issuerKeyId }) => issuerKeyId))];
}

test('the authority hands over while a worker writes: nothing is lost, no node goes away, no certificate of the former is left', async () => {
  const before = await issuers();
  const away = new Set<string>();
  const stop = new AbortController();
  const looks = (async () => {
    while (!stop.signal.aborted) {
      for (const host of await notReady('m1').catch(() => [])) away.add(host);
      await sleep(1000);
    }
  })();
  // Whoever writes has what belongs to the step: at first the former alone, then both, then the new one.
  for (const words of [['--trust-only'], ['--keep-old', '--leave-pods'], ['--leave-pods']]) {
    const written = await writesDuring('w3', five.state, 'm1', async () => {
      const done = await five.run(['certs', 'rotate-ca', 'cluster', '--yes', ...words]);
      expect(done.code, explained(done)).toBe(0);
    });
    console.log(`${words.join(' ')}: ${written.acknowledged} writes, longest gap ${written.longestGapMs} ms`);
    expect(written.lost).toEqual([]);
    expect(written.longestGapMs).toBeLessThan(15_000);
  }
  stop.abort();
  await looks;
  expect([...away]).toEqual([]);
  const after = await issuers();
  expect([after.length, after.includes(before[0] ?? '')]).toEqual([1, false]);
  await nothingToDo(five);
}, 1_800_000);

test('a fourth master comes and the first one goes: no kubelet is restarted, no kubeconfig of a node changes', async () => {
  const kept = ['w1', 'w2', 'w4'] as const;
  const configs = (): Promise<Map<AnyHost, string>> =>
    onHosts('sha256sum /etc/kubernetes/kubelet.conf /etc/kubernetes/proxy.conf', [...kept]);
  const before = { starts: await startsOf([...kept]), configs: await configs() };
  const four = [...HOSTS, 'w3'] as const;
  const written = await writesDuring('w4', five.state, 'w1', async () => {
    five.write(inventory(ALL, four));
    const added = await five.run(['up']);
    expect(added.code, explained(added)).toBe(0);
    const removed = await five.run(['node', 'remove', 'm1', '--yes']);
    expect(removed.code, explained(removed)).toBe(0);
    const others = ALL.filter((host) => host !== 'm1');
    five.write(inventory(others, ['w1', 'w2', 'w3']));
    const after = await five.run(['up']);
    expect(after.code, explained(after)).toBe(0);
  });
  console.log(`masters change: ${written.acknowledged} writes, longest gap ${written.longestGapMs} ms`);
  expect(written.lost).toEqual([]);
  expect(written.longestGapMs).toBeLessThan(15_000);
  const restarted = moved(before.starts, await startsOf([...kept]));
  expect(restarted.filter((line) => /kubelet|kube-proxy/.test(line))).toEqual([]);
  expect(await configs()).toEqual(before.configs);
  await nothingToDo(five);
  const status = await five.run(['etcd', 'status']);
  expect(status.events.find(({ type }) => type === 'result')?.['data']).toMatchObject({
    well: true,
    quorum: { members: 3, healthy: 3 },
  });
  expect(await notReady('w1')).toEqual([]);
}, 900_000);

test('all members go off at once and come back: the cluster is back by itself', async () => {
  const members = ['w1', 'w2', 'w3'];
  await Promise.all(members.map((host) => lab('poweroff', host)));
  await Promise.all(members.map((host) => lab('start', host)));
  await allReady('w1', 180);
  await nothingToDo(five);
}, 600_000);
