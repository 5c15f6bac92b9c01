import { expect, test } from 'vitest';
import { type AnyHost, HOSTS, addressOf, onHost } from './support/lab.ts';
import { type Ended, threeMasters } from './support/scene.ts';
import { writeAllTheTime } from './support/writer.ts';

const { three, first, inventory } = await threeMasters('what stands');
const writer = writeAllTheTime(three.state);

const explained = ({ errors, stderr }: Ended): string => `${JSON.stringify(errors, null, 1)}\n${stderr}`;
const codes = ({ errors }: Ended): (string | undefined)[] => errors.map(({ code }) => code);
const told = ({ events }: Ended, check: string): string =>
  events
    .filter((event) => event.type === 'preflight' && event['check'] === check)
    .map(({ host, level, message }) => `${String(host)} ${String(level)} ${String(message)}`)
    .join('\n');
const etcdctl = (words: string): Promise<string> =>
  onHost('m1', `. /etc/profile.d/etcdctl.sh; etcdctl ${words} 2>&1`);
/** Members that were just changed have to have been connected for some seconds before the next change. */
const changeMembers = (words: string): Promise<string> =>
  onHost(
    'm1',
    `. /etc/profile.d/etcdctl.sh; for i in 1 2 3 4 5 6 7 8; do etcdctl ${words} && exit 0; sleep 2; done 2>&1; exit 1`,
  );
const started = (host: AnyHost): Promise<string> =>
  onHost(host, 'systemctl show -p ExecMainStartTimestampMonotonic etcd');

test('three masters stand', () => {
  expect(first.code, explained(first)).toBe(0);
});

test('a member without its data is refused by plan and up, and is not started by hand either', async () => {
  await etcdctl('put kept yes');
  await onHost('w1', 'systemctl stop etcd; rm -rf /var/lib/etcd/*');
  for (const words of [['plan'], ['up'], ['up', '--ignore-preflight', 'etcd-data']]) {
    const refused = await three.run(words);
    expect(refused.code).toBe(1);
    expect(codes(refused)).toEqual(['E_ETCD_DATA_LOST']);
    expect(told(refused, 'etcd-data')).toMatch(
      /^w1 error has lost its data and is still a member \(id [0-9a-f]+\)$/,
    );
  }
  expect(
    await onHost('w1', 'systemctl start etcd 2>/dev/null || echo refused; systemctl stop etcd'),
  ).toContain('refused');
  expect((await onHost('w1', 'ls -A /var/lib/etcd')).trim()).toBe('');
  const others = await three.run(['up', '--skip', 'etcd']);
  expect(others.code, explained(others)).toBe(0);
});

test('it is refused as well where nobody runs who could tell', async () => {
  for (const host of ['m1', 'w2'] as const) await onHost(host, 'systemctl stop etcd');
  const refused = await three.run(['up']);
  expect(codes(refused)).toEqual(['E_ETCD_DATA_LOST']);
  expect(told(refused, 'etcd-data')).toBe('w1 error has lost its data and was a member');
  for (const host of ['m1', 'w2'] as const) await onHost(host, 'systemctl start --no-block etcd');
});

test('after member remove and member add, up brings it back, and nothing is forgotten', async () => {
  const list = await etcdctl('member list');
  const id = /^(\w+), started, w1,/m.exec(list)?.[1] ?? '';
  await changeMembers(`member remove ${id}`);
  const between = await three.run(['plan']);
  expect(told(between, 'etcd-members')).toMatch(/^w1 error is no member of etcd, which counts m1/);
  await changeMembers(`member add w1 --peer-urls=https://${addressOf('w1')}:2380`);
  const before = await started('m1');
  const mended = await three.run(['up']);
  expect(mended.code, explained(mended)).toBe(0);
  expect(await started('m1')).toBe(before);
  expect((await three.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  expect(await etcdctl('get kept --print-value-only')).toContain('yes');
});

test('members that the inventory does not name any more are told, and no quorum is given away', async () => {
  three.write(inventory('', ['m1']));
  const one = await three.run(['plan']);
  expect(one.code).toBe(1);
  expect(told(one, 'etcd-members')).toMatch(/^m1 error etcd counts w[12] .*, w[12] .* among its 3 members/);
  expect(told(one, 'nodes')).toBe('m1 warn nodes of the cluster that the inventory does not name: w1, w2');
  three.write(inventory());
});

test('empty folders on all members, as of disks that are not mounted, are no new cluster', async () => {
  for (const host of HOSTS)
    await onHost(host, 'systemctl stop etcd; mkdir /root/kept; mv /var/lib/etcd/* /root/kept');
  const refused = await three.run(['up']);
  expect(codes(refused)).toEqual(['E_ETCD_DATA_LOST']);
  expect(told(refused, 'etcd-data').split('\n')).toHaveLength(3);
  for (const host of HOSTS) await onHost(host, 'mv /root/kept/* /var/lib/etcd/; rmdir /root/kept');
  const back = await three.run(['up']);
  expect(back.code, explained(back)).toBe(0);
  expect(await etcdctl('get kept --print-value-only')).toContain('yes');
});

test('user etcd has nowhere to put a link where root writes', async () => {
  const said = await onHost(
    'm1',
    'su -s /bin/sh etcd -c "ln -s /etc/shadow /etc/etcd/pki/x || echo refused; test -r /etc/etcd/pki/server.key && echo reads" 2>&1',
  );
  expect(said).toMatch(/refused\nreads/);
});

test('an emptied manifest is refused before anything is kept as an original', async () => {
  await onHost('m1', 'cp -a /var/lib/k8s-bootstrap/manifest /root/kept; : > /var/lib/k8s-bootstrap/manifest');
  const refused = await three.run(['up']);
  expect(codes(refused)).toEqual(['E_MANIFEST']);
  await onHost('m1', 'mv /root/kept /var/lib/k8s-bootstrap/manifest');
  expect((await three.run(['plan', '--detailed-exitcode'])).code).toBe(0);
});

test('a client that wrote all the time lost nothing of what was acknowledged', async () => {
  const { acknowledged, lost } = await writer.lost();
  expect(acknowledged).toBeGreaterThan(100);
  expect(lost).toEqual([]);
});
