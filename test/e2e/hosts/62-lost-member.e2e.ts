import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AnyHost, HOSTS, addressOf, onHost, onHosts } from '../support/lab.ts';
import { eventually } from '../support/kubectl.ts';
import { type Ended, explained, threeMasters, nothingToDo } from '../support/scene.ts';
import { moved, startsOf } from '../support/units.ts';
import { writeAllTheTime } from '../support/writer.ts';

const { three, first, inventory } = await threeMasters('what stands');
const writer = writeAllTheTime(three.state);

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
const here = '. /etc/profile.d/etcdctl.sh; export ETCDCTL_ENDPOINTS=https://127.0.0.1:2379;';
const healthy = (host: AnyHost): Promise<string> =>
  onHost(
    host,
    `${here} for i in $(seq 30); do etcdctl endpoint health && exit 0; sleep 1; done 2>&1; exit 1`,
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

interface Status {
  readonly well: boolean;
  readonly members: readonly { readonly host: string; readonly role: string; readonly healthy: boolean }[];
  readonly problems: readonly string[];
}
const answer = ({ events }: Ended): unknown => events.find(({ type }) => type === 'result')?.['data'];
const steps = ({ events }: Ended): string[] =>
  events.flatMap((event) =>
    event.type === 'procedure.planned'
      ? (event['steps'] as { readonly id: string }[]).map(({ id }) => id)
      : [],
  );
const kubectl = (words: string): Promise<string> =>
  onHost('m1', `/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

test('etcd status tells which member has lost its data, and what mends it', async () => {
  await Promise.all((['m1', 'w2'] as const).map(healthy));
  const status = await three.run(['etcd', 'status']);
  expect(status.code).toBe(3);
  const { problems, members } = answer(status) as Status;
  expect(problems).toEqual(['w1 has lost its data: bring back its disk, or k8s-bootstrap etcd replace w1']);
  expect(members.map(({ host, healthy }) => [host, healthy])).toEqual([
    ['m1', true],
    ['w1', false],
    ['w2', true],
  ]);
});

test('etcd replace makes it a member again, with what the others have, and no other is restarted', async () => {
  const refused = await three.run(['etcd', 'replace', 'm1']);
  expect(codes(refused)).toEqual(['E_ETCD_MEMBER_WELL']);
  const dry = await three.run(['etcd', 'replace', 'w1', '--dry-run']);
  expect(steps(dry)).toEqual(['etcd-backup', 'etcd-stop', 'etcd-remove', 'etcd-set-aside', 'etcd-join']);
  expect(await etcdctl('member list')).toContain('w1');
  const before = await started('m1');
  const mended = await three.run(['etcd', 'replace', 'w1']);
  expect(mended.code, explained(mended)).toBe(0);
  expect(await started('m1')).toBe(before);
  await nothingToDo(three);
  expect(answer(await three.run(['etcd', 'status']))).toMatchObject({ well: true });
  expect(await onHost('w1', `${here} etcdctl get kept --print-value-only`)).toContain('yes');
});

test('a host with the role etcd that is no member joins by up, and what it had before is not used', async () => {
  const list = await etcdctl('member list');
  const id = /^(\w+), started, w1,/m.exec(list)?.[1] ?? '';
  await changeMembers(`member remove ${id}`);
  const old = await three.run(['plan']);
  expect(told(old, 'etcd-members')).toMatch(/^w1 error is no member of etcd, .* and has data of before/);
  await onHost('w1', 'systemctl stop etcd; mkdir /root/old; mv /var/lib/etcd/member /root/old');
  const plan = await three.run(['plan', '--detailed-exitcode']);
  expect(plan.code, explained(plan)).toBe(3);
  expect(JSON.stringify(plan.events)).toContain('joins m1, w2, at first without a vote');
  const joined = await three.run(['up']);
  expect(joined.code, explained(joined)).toBe(0);
  expect(await etcdctl('member list')).toMatch(/, started, w1, .*, false$/m);
  await nothingToDo(three);
});

test('etcd defrag goes from member to member, whoever leads last', async () => {
  const run = await three.run(['etcd', 'defrag']);
  expect(run.code, explained(run)).toBe(0);
  expect(steps(run)).toEqual(['etcd-defrag', 'etcd-defrag', 'etcd-defrag']);
  const status = answer(await three.run(['etcd', 'status'])) as Status;
  expect(status).toMatchObject({ well: true });
  expect(status.members.filter(({ role }) => role === 'leader')).toHaveLength(1);
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
    await onHost(host, 'systemctl stop etcd; mkdir -p /root/data; mv /var/lib/etcd/* /root/data');
  const refused = await three.run(['up']);
  expect(codes(refused)).toEqual(['E_ETCD_DATA_LOST']);
  expect(told(refused, 'etcd-data').split('\n')).toHaveLength(3);
  for (const host of HOSTS) await onHost(host, 'mv /root/data/* /var/lib/etcd/; rmdir /root/data');
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
  await nothingToDo(three);
});

test('a client that wrote all the time lost nothing of what was acknowledged', async () => {
  const { acknowledged, lost } = await writer.lost();
  expect(acknowledged).toBeGreaterThan(100);
  expect(lost).toEqual([]);
});

test('all data is destroyed, and a backup brings all of it back, Secrets too', async () => {
  const file = join(three.folder, 'kept.db');
  await kubectl('create secret generic before --from-literal=a=kept');
  const issued = await three.run(['issue-user', 'eve', '--role', 'view']);
  expect(issued.code, explained(issued)).toBe(0);
  const mayEve = async (): Promise<string> => await kubectl('auth can-i list pods --as eve || :');
  expect(await mayEve()).toBe('yes\n');
  const backup = await three.run(['etcd', 'backup', '--out', file]);
  expect(backup.code, explained(backup)).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(
    (answer(backup) as { sha256: string }).sha256,
  );
  expect(await onHosts('ls -d /var/lib/k8s-bootstrap/etcd-snapshot.* 2>/dev/null || echo none')).toEqual(
    new Map(HOSTS.map((host) => [host, 'none\n'])),
  );
  const maps = async (): Promise<number> => (await kubectl('get configmaps -o name')).split('\n').length - 1;
  const many = await maps();
  expect(many).toBeGreaterThan(100);
  await kubectl('create configmap after');
  const revoked = await three.run(['users', 'revoke', 'eve']);
  expect(revoked.code, explained(revoked)).toBe(0);
  await onHosts('systemctl stop etcd; rm -rf /var/lib/etcd/*');
  expect(codes(await three.run(['up']))).toEqual(['E_ETCD_DATA_LOST']);
  const unasked = await three.run(['etcd', 'restore', file]);
  expect(codes(unasked)).toEqual(['E_NOT_CONFIRMED']);
  const restored = await three.run(['etcd', 'restore', file, '--yes']);
  expect(restored.code, explained(restored)).toBe(0);
  expect(await maps()).toBe(many);
  expect(await kubectl('get secret before -o jsonpath={.data.a}')).toBe('a2VwdA==');
  expect(await kubectl('get configmap after --ignore-not-found')).toBe('');
  expect(await mayEve(), 'who was revoked since the snapshot').toBe('no\n');
  // Who led and finds its lease in another's hands ends, and systemd starts it anew.
  await eventually(() => nothingToDo(three), 30);
  await kubectl('delete secret before');
});

test('the master that made the cluster leaves it: no kubelet is restarted, and no kubeconfig of a node changes', async () => {
  const others = ['w1', 'w2'] as const;
  const kubeconfigs = (): Promise<Map<AnyHost, string>> =>
    onHosts('sha256sum /etc/kubernetes/*.conf', others);
  const [before, files] = [await startsOf([...others]), await kubeconfigs()];
  const unasked = await three.run(['node', 'remove', 'm1']);
  expect(codes(unasked)).toEqual(['E_NOT_CONFIRMED']);
  const removed = await three.run(['node', 'remove', 'm1', '--yes']);
  expect(removed.code, explained(removed)).toBe(0);
  expect(await onHost('m1', 'find /etc/kubernetes /etc/etcd/pki -name "*.key" -o -name "*.conf"')).toBe('');
  three.write(inventory('', others));
  const after = await three.run(['up']);
  expect(after.code, explained(after)).toBe(0);
  // API servers get the list of members that are left, balancers and routes are reloaded. Of the others only who leads may
  // end by itself: on a busy machine its API server is away for longer than its lease.
  const restarted = moved(before, await startsOf([...others])).filter(
    (line) => !/ (?:k8s-bootstrap-|kube-controller-manager|kube-scheduler)/.test(line),
  );
  expect(restarted).toEqual(others.map((host) => `${host} kube-apiserver.service`));
  expect(await kubeconfigs()).toEqual(files);
  const traces = await onHosts(
    'cat /etc/kubernetes/balancer/haproxy.cfg /etc/kubernetes/pod-routes /etc/systemd/system/kube-apiserver.service; ip route',
    others,
  );
  for (const text of traces.values()) expect(text).not.toMatch(new RegExp(`\\b${addressOf('m1')}\\b`));
  const names = await onHost(
    'w1',
    '/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes -o name',
  );
  expect(names.trim().split('\n').sort()).toEqual(['node/w1', 'node/w2']);
  const status = answer(await three.run(['etcd', 'status'])) as Status;
  expect(status).toMatchObject({ well: true, quorum: { members: 2, healthy: 2 } });
  await nothingToDo(three);
});
