import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HOSTS, addressOf, command, lab, onHost } from './support/lab.ts';
import { type Ended, threeMasters } from './support/scene.ts';
import { moved, startsOf } from './support/units.ts';
import { type Writer, writeAllTheTime } from './support/writer.ts';

const { three, first, inventory } = await threeMasters('nothing');
let writer: Writer;

const explained = ({ errors, stderr }: Ended): string => `${JSON.stringify(errors, null, 1)}\n${stderr}`;

/** What was done, in order: `restart m1`, `passed m1`, … of one phase. */
const order = (run: Ended, phase: string): string[] =>
  run.events
    .filter((event) => event['phase'] === phase)
    .flatMap(({ type, host, step }) => {
      if (type === 'step.done' && String(step).startsWith('restart ')) return [`restart ${String(host)}`];
      return type === 'gate.passed' ? [`passed ${String(host)}`] : [];
    });

test('three masters come up together, and a second up changes nothing', async () => {
  expect(first.code, explained(first)).toBe(0);
  const members = await onHost('m1', '. /etc/profile.d/etcdctl.sh; etcdctl endpoint health 2>&1');
  expect(members.match(/is healthy/g)).toHaveLength(3);
  const again = await three.run(['up']);
  expect(again.code, explained(again)).toBe(0);
  expect(again.events.at(-1)).toMatchObject({ type: 'summary', changed: 0, failed: 0 });
  writer = writeAllTheTime(three.state);
});

test('a change of etcd and of the API server restarts one member at a time, each behind its health', async () => {
  three.write(
    inventory(
      'etcd: { extraArgs: { snapshot-count: 20000 } }\napiServer: { extraArgs: { event-ttl: 2h } }\n',
    ),
  );
  const changed = await three.run(['up']);
  expect(changed.code, explained(changed)).toBe(0);
  const oneByOne = HOSTS.flatMap((host) => [`restart ${host}`, `passed ${host}`]);
  expect(order(changed, 'etcd')).toEqual(oneByOne);
  expect(order(changed, 'apiserver')).toEqual(oneByOne);
});

/** What each API server answers to a token, which goes to curl on stdin. */
const doors = (token: string): Promise<string[]> =>
  Promise.all(
    HOSTS.map(async (host) => {
      const ca = join(three.state, 'pki/ca.crt');
      const words = ['-sS', '--noproxy', '*', '--cacert', ca, '-w', '\n%{http_code}', '-K', '-'];
      const url = `https://${addressOf(host)}:6443/api`;
      const { stdout } = await command('curl', [...words, url], {
        stdin: `header = "Authorization: Bearer ${token}"\n`,
      });
      return stdout.split('\n').at(-1) ?? '';
    }),
  );

test('a token opens every API server, and none after users revoke; they restart one by one', async () => {
  const issued = await three.run(['issue-user', 'bot', '--auth', 'token', '--role', 'view']);
  expect(issued.code, explained(issued)).toBe(0);
  const token = readFileSync(join(three.state, 'users/bot/bot.token'), 'utf8').trim();
  expect(await doors(token)).toEqual(['200', '200', '200']);
  const revoked = await three.run(['users', 'revoke', 'bot']);
  expect(revoked.code, explained(revoked)).toBe(0);
  const oneByOne = HOSTS.flatMap((host) => [`restart ${host}`, `passed ${host}`]);
  expect(order(revoked, 'apiserver')).toEqual(oneByOne);
  expect(await doors(token)).toEqual(['401', '401', '401']);
});

test('users revoke does what it can while a master is off, says what it could not, and completes it', async () => {
  const issued = await three.run(['issue-user', 'late', '--auth', 'both', '--role', 'view']);
  expect(issued.code, explained(issued)).toBe(0);
  const token = readFileSync(join(three.state, 'users/late/late.token'), 'utf8').trim();
  await lab('poweroff', 'w2');
  const partly = await three.run(['users', 'revoke', 'late']);
  const answer = partly.events.find(({ type }) => type === 'result');
  expect(partly.code, explained(partly)).toBe(4);
  expect(answer).toMatchObject({ data: { applied: false, missed: ['w2'] } });
  expect((await doors(token)).slice(0, 2)).toEqual(['401', '401']);
  const bindings = await onHost(
    'm1',
    '/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf get rolebindings -A -o name',
  );
  expect(bindings).not.toContain('k8s-bootstrap:late');
  await lab('start', 'w2');
  const rest = await three.run(['users', 'revoke', 'late']);
  expect(rest.code, explained(rest)).toBe(0);
  expect(await doors(token)).toEqual(['401', '401', '401']);
});

test('with one member down, it goes first; the healthy ones follow one by one', async () => {
  await onHost('w1', 'systemctl stop etcd');
  three.write(inventory());
  const changed = await three.run(['up', '--only', 'etcd']);
  expect(changed.code, explained(changed)).toBe(0);
  const restarts = order(changed, 'etcd').filter((line) => line.startsWith('restart'));
  expect(restarts).toEqual(['restart w1', 'restart m1', 'restart w2']);
  expect((await three.run(['up'])).code).toBe(0);
});

test('a member that does not come back stops the roll at itself', async () => {
  const before = await startsOf();
  three.write(inventory('scheduler: { extraArgs: { kubeconfig: /nonexistent } }\n'));
  const broken = await three.run(['up']);
  expect(broken.code).toBe(1);
  expect(order(broken, 'scheduler')).toEqual(['restart m1']);
  expect(broken.errors.map(({ code }) => code)).toContain('E_GATE');
  const touched = moved(before, await startsOf()).filter((line) => !line.startsWith('m1 '));
  expect(touched).toEqual([]);
  three.write(inventory());
  const repaired = await three.run(['up']);
  expect(repaired.code, explained(repaired)).toBe(0);
});

test('the morning after a power cut: all members are brought back together', async () => {
  for (const host of HOSTS) await onHost(host, 'systemctl disable etcd 2>/dev/null');
  await Promise.all(HOSTS.map((host) => lab('poweroff', host)));
  await Promise.all(HOSTS.map((host) => lab('start', host)));
  const revived = await three.run(['up']);
  expect(revived.code, explained(revived)).toBe(0);
  const steps = order(revived, 'etcd');
  expect(steps.slice(0, 3).sort()).toEqual(HOSTS.map((host) => `restart ${host}`).sort());
  expect((await three.run(['plan', '--detailed-exitcode'])).code).toBe(0);
});

test('a client that wrote all the time lost nothing of what was acknowledged', async () => {
  const { acknowledged, lost } = await writer.lost();
  expect(acknowledged).toBeGreaterThan(100);
  expect(lost).toEqual([]);
});
