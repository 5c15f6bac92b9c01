import { expect, test } from 'vitest';
import { eventually } from '../support/kubectl.ts';
import { lab, onHost, tryOnHost } from '../support/lab.ts';
import { type Ended, explained, nothingToDo, threeMasters } from '../support/scene.ts';

/** A member that lost its data while others were away: nothing that was acknowledged may be lost by what follows. */

const { three, first } = await threeMasters('nothing');

const WRITES = 50;

const kubectl = (host: 'm1' | 'w1', words: string): Promise<string> =>
  onHost(host, `/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

const written = async (): Promise<number> =>
  (await kubectl('m1', 'get configmaps -l lost-write=yes -o name')).split('\n').length - 1;

const codes = ({ errors }: Ended): (string | undefined)[] => errors.map(({ code }) => code);

test('three masters come up', () => {
  expect(first.code, explained(first)).toBe(0);
});

test('with two members off and the third one’s etcd stopped, up does not hang: it starts etcd, and says what is waited for', async () => {
  await Promise.all(['w1', 'w2'].map((host) => lab('poweroff', host)));
  await onHost('m1', 'systemctl stop etcd');
  const since = Date.now();
  const up = await three.run(['up']);
  // Two hosts that do not answer are dialled again and again, then a gate waits for a minute and a half.
  expect((Date.now() - since) / 1000, explained(up)).toBeLessThan(180);
  expect(up.code).not.toBe(0);
  const waited = up.events.filter(({ type, host }) => type === 'gate.waiting' && host === 'm1');
  expect(JSON.stringify(waited)).toContain('no quorum');
  await Promise.all(['w1', 'w2'].map((host) => lab('start', host)));
  await eventually(async () => {
    const again = await three.run(['up']);
    expect(again.code, explained(again)).toBe(0);
  }, 180);
}, 600_000);

test('a member without data and one that lags behind are no quorum: what was acknowledged is there again with the third', async () => {
  await lab('poweroff', 'w2');
  await eventually(() => kubectl('m1', 'get configmaps'));
  await onHost(
    'm1',
    `for i in $(seq ${WRITES}); do printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: lost-write-%s, labels: { lost-write: "yes" } }\n---\n' "$i"; done | /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf apply -f -`,
  );
  expect(await written()).toBe(WRITES);
  await lab('poweroff', 'm1');
  await onHost('w1', 'systemctl stop etcd; rm -rf /var/lib/etcd/*');
  await lab('start', 'w2');

  const up = await three.run(['up']);
  expect(up.code).not.toBe(0);
  expect((await tryOnHost('w1', 'systemctl start etcd')).code).not.toBe(0);
  expect((await tryOnHost('w1', 'ls -A /var/lib/etcd')).stdout.trim()).not.toContain('member');

  await lab('start', 'm1');
  await eventually(async () => {
    expect(await written()).toBe(WRITES);
  }, 180);
  expect(codes(await three.run(['up']))).toContain('E_ETCD_DATA_LOST');
  const replaced = await three.run(['etcd', 'replace', 'w1', '--yes']);
  expect(replaced.code, explained(replaced)).toBe(0);
  expect(await written()).toBe(WRITES);
  await eventually(() => nothingToDo(three), 60);
}, 600_000);
