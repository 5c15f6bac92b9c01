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

const seconds = async (action: () => Promise<unknown>): Promise<number> => {
  const since = Date.now();
  await action();
  return (Date.now() - since) / 1000;
};

test('three masters come up', () => {
  expect(first.code, explained(first)).toBe(0);
});

test('with two members off and the third one’s etcd stopped, up ends in time, says who is away, and starts nothing', async () => {
  await Promise.all(['w1', 'w2'].map((host) => lab('poweroff', host)));
  await onHost('m1', 'systemctl stop etcd');
  let up: Ended | undefined;
  expect(
    await seconds(async () => {
      up = await three.run(['up']);
    }),
  ).toBeLessThan(120);
  expect(up?.code).not.toBe(0);
  expect(up?.stderr).toMatch(/w1/);
  expect((await tryOnHost('m1', 'systemctl is-active etcd')).stdout).toBe('inactive\n');
  await Promise.all(['w1', 'w2'].map((host) => lab('start', host)));
  await eventually(async () => {
    const again = await three.run(['up']);
    expect(again.code, explained(again)).toBe(0);
  }, 180);
});

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
