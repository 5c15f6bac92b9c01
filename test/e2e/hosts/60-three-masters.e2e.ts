import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { writesDuring } from '../support/balanced-writer.ts';
import { HOSTS, type HostName, addressOf, command, lab, onHost, onHosts } from '../support/lab.ts';
import { chaptersOn } from '../support/course/chapters.ts';
import { walk } from '../support/course/walk.ts';
import { type Ended, explained, threeMasters, nothingToDo } from '../support/scene.ts';
import { moved, startsOf } from '../support/units.ts';
import { type Writer, writeAllTheTime } from '../support/writer.ts';

const { three, first, inventory } = await threeMasters('nothing', ['m1', 'w1']);
let writer: Writer;

/** What was done, in order: `restart m1`, `passed m1`, … of one phase. */
const order = (run: Ended, phase: string): string[] =>
  run.events
    .filter((event) => event['phase'] === phase)
    .flatMap(({ type, host, step }) => {
      if (type === 'step.done' && String(step).startsWith('restart ')) return [`restart ${String(host)}`];
      return type === 'gate.passed' ? [`passed ${String(host)}`] : [];
    });

test('three members, two of them masters, come up together, and a second up changes nothing', async () => {
  expect(first.code, explained(first)).toBe(0);
  const members = await onHost('m1', '. /etc/profile.d/etcdctl.sh; etcdctl endpoint health 2>&1');
  expect(members.match(/is healthy/g)).toHaveLength(3);
  const again = await three.run(['up']);
  expect(again.code, explained(again)).toBe(0);
  expect(again.events.at(-1)).toMatchObject({ type: 'summary', changed: 0, failed: 0 });
});

const kubectl = (host: HostName, words: string): Promise<string> =>
  onHost(host, `/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

/** Since when each node of a list is ready, by name; '' for one that is not. */
async function readySince(at: HostName, nodes: readonly HostName[]): Promise<Map<string, string>> {
  const { items } = JSON.parse(await kubectl(at, `get nodes ${nodes.join(' ')} -o json`)) as {
    items: {
      metadata: { name: string };
      status: { conditions: { type: string; status: string; lastTransitionTime: string }[] };
    }[];
  };
  return new Map(
    items.map(({ metadata, status }) => {
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      return [metadata.name, ready?.status === 'True' ? ready.lastTransitionTime : ''];
    }),
  );
}

/** When each node last said that it lives. */
const renewed = async (at: HostName, nodes: readonly HostName[]): Promise<number[]> =>
  (
    await kubectl(
      at,
      `-n kube-node-lease get lease ${nodes.join(' ')} -o jsonpath='{.items[*].spec.renewTime}'`,
    )
  )
    .split(' ')
    .map((time) => Date.parse(time));

async function eventually(what: string, seconds: number, holds: () => Promise<boolean>): Promise<number> {
  const start = Date.now();
  while (!(await holds().catch(() => false))) {
    if (Date.now() - start > seconds * 1000) throw new Error(`not within ${String(seconds)} s: ${what}`);
    await sleep(500);
  }
  return (Date.now() - start) / 1000;
}

/** What the course shows while a master is off. */
async function typedByAStudent(hosts: Record<string, HostName>): Promise<void> {
  const kubeconfig = join(three.state, 'kubeconfig', 'admin.conf');
  for (const { folder } of chaptersOn('masters'))
    expect(await walk(folder, { kubeconfig, inventory: three.inventory, hosts })).toBeGreaterThan(3);
}

test.each([
  ['m1', 'w1'],
  ['w1', 'm1'],
] as const)(
  'while master %s is off, a worker writes by its balancer, and living nodes stay ready',
  async (off, stays) => {
    const living = HOSTS.filter((host) => host !== off);
    const before = await readySince(stays, living);
    const written = await writesDuring('w2', three.state, stays, async () => {
      await lab('poweroff', off);
      const since = Date.now();
      // Long enough to see a gap that is too long; then every living node has said again that it lives, by another way.
      const out = join(three.folder, 'living.conf');
      const handed = await three.run(['users', 'kubeconfig', 'kubernetes-admin', '--out', out]);
      expect(handed.code, explained(handed)).toBe(0);
      expect(readFileSync(out, 'utf8')).toContain(`server: https://${addressOf(stays)}:6443`);
      if (off === 'm1') await typedByAStudent({ m2: stays });
      const left = since + 16_000 - Date.now();
      await sleep(Math.max(left, 0));
      await eventually('all living nodes are heard of', 20, async () =>
        (await renewed(stays, living)).every((time) => time > since + 5_000),
      );
    });
    await lab('start', off);
    console.log(
      `${off} off: ${String(written.acknowledged)} writes, longest gap ${String(written.longestGapMs)} ms`,
    );
    expect(written.lost).toEqual([]);
    expect(written.longestGapMs).toBeLessThan(15_000);
    await eventually('all members of etcd are healthy', 60, async () =>
      (await onHost(stays, '. /etc/profile.d/etcdctl.sh; etcdctl endpoint health --cluster 2>&1'))
        .split('\n')
        .every((line) => line === '' || line.includes('is healthy')),
    );
    await eventually(
      `the API server of ${off} is back`,
      60,
      async () => (await kubectl(off, 'version')) !== '',
    );
    expect(await readySince(stays, living)).toEqual(before);
  },
);

test('an API server that hangs is out within ten seconds', async () => {
  const balancer = 'journalctl -u k8s-bootstrap-balancer -o short-unix --no-pager';
  let out = 0;
  const written = await writesDuring('w2', three.state, 'w1', async () => {
    const stopped = Number(await onHost('m1', 'pkill -STOP -x kube-apiserver; date +%s.%N'));
    try {
      await eventually('it is out', 20, async () => {
        const said = await onHost('w2', `${balancer} --since=@${String(Math.floor(stopped))}`);
        out = Number(/^([\d.]+) .*Server kube-apiserver\/m1 is DOWN/m.exec(said)?.[1] ?? 0) - stopped;
        return out > 0;
      });
      // Nothing is left of what went to it; a check that is under way does not last.
      await eventually(
        'no connection goes there',
        5,
        async () =>
          (await onHost('w2', `ss -Htn state established dst ${addressOf('m1')} dport = :6443`)) === '',
      );
    } finally {
      await onHost('m1', 'pkill -CONT -x kube-apiserver');
    }
  });
  console.log(
    `m1 hangs: out after ${out.toFixed(1)} s, ${String(written.acknowledged)} writes, longest gap ${String(written.longestGapMs)} ms`,
  );
  expect(out).toBeLessThan(10);
  expect(written.lost).toEqual([]);
  expect(written.longestGapMs).toBeLessThan(15_000);
});

test('while the first master has no API server, users come and go, and status tells of that alone', async () => {
  await onHost('m1', 'systemctl stop kube-apiserver');
  try {
    const told = await three.run(['status']);
    expect(told.code, explained(told)).toBe(3);
    const { data } = told.events.find(({ type }) => type === 'result') as unknown as {
      readonly data: { readonly hosts: readonly { readonly host: string; readonly problems: string[] }[] };
    };
    expect(data.hosts.flatMap(({ host, problems }) => (problems.length > 0 ? [host] : []))).toEqual(['m1']);
    for (const args of [
      ['issue-user', 'late', '--role', 'view'],
      ['users', 'revoke', 'late'],
    ]) {
      const done = await three.run(args);
      expect(done.code, explained(done)).toBe(0);
    }
  } finally {
    await onHost('m1', 'systemctl start kube-apiserver');
  }
  await eventually('it answers', 60, async () => (await kubectl('m1', 'get --raw /healthz || :')) === 'ok');
});

test('a third master changes no kubeconfig of a node and restarts neither kubelet nor kube-proxy', async () => {
  const kept = ['kubelet.service', 'kube-proxy.service'];
  const configs = 'sha256sum /etc/kubernetes/kubelet.conf /etc/kubernetes/proxy.conf';
  const before = { starts: await startsOf(), configs: await onHosts(configs) };
  three.write(inventory());
  let added: Ended | undefined;
  const written = await writesDuring('w2', three.state, 'w1', async () => {
    added = await three.run(['up']);
  });
  expect(added?.code, added && explained(added)).toBe(0);
  const touched = moved(before.starts, await startsOf());
  expect(touched.filter((line) => kept.some((unit) => line.endsWith(` ${unit}`)))).toEqual([]);
  expect(await onHosts(configs)).toEqual(before.configs);
  const balancers = added?.events.flatMap(({ type, host, step }) =>
    type === 'step.done' && /^\w+ k8s-bootstrap-balancer/.test(String(step))
      ? [`${String(host)} ${String(step)}`]
      : [],
  );
  expect(balancers?.filter((line) => !line.includes(' enable ')).toSorted()).toEqual(
    HOSTS.map((host) => `${host} reload k8s-bootstrap-balancer.service`),
  );
  console.log(
    `a third master: ${String(written.acknowledged)} writes, longest gap ${String(written.longestGapMs)} ms`,
  );
  expect(written.lost).toEqual([]);
  expect(written.longestGapMs).toBeLessThan(15_000);
  writer = writeAllTheTime(three.state);
});

let changes = 0;
test('a change of etcd and of the API server restarts one member at a time, each behind its health', async () => {
  // Others each time, or a second try would find the change made.
  changes += 1;
  three.write(
    inventory(
      `etcd: { extraArgs: { snapshot-count: ${20_000 + changes} } }\napiServer: { extraArgs: { event-ttl: ${changes + 1}h } }\n`,
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
  await nothingToDo(three);
});

test('a client that wrote all the time lost nothing of what was acknowledged', async () => {
  const { acknowledged, lost } = await writer.lost();
  expect(acknowledged).toBeGreaterThan(100);
  expect(lost).toEqual([]);
});
