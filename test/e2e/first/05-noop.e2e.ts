import { beforeAll, expect, test } from 'vitest';
import { HOSTS, type HostName, onHost, settings } from '../support/lab.ts';
import { type Result, failures, k8sb, standingCluster } from '../support/product.ts';
import { type Starts, moved, startsOf } from '../support/units.ts';

interface Login {
  readonly user: string;
  readonly from: string;
  /** The client's port: names the connection. */
  readonly port: string;
  readonly commands: number;
}

let before: Map<HostName, Starts>;
let after: Map<HostName, Starts>;
let second: Result;
let logins: Map<HostName, Login[]>;

beforeAll(async () => {
  await standingCluster();
  before = await startsOf();
  const cursors = await all(async (host) => {
    const text = await onHost(host, 'journalctl -u ssh -n 0 --show-cursor');
    return /^-- cursor: (\S+)$/m.exec(text)?.[1] ?? '';
  });
  second = await k8sb(['up']);
  logins = await all((host) => loginsSince(host, cursors.get(host) ?? ''));
  after = await startsOf();
});

const all = async <T>(ask: (host: HostName) => Promise<T>): Promise<Map<HostName, T>> =>
  new Map(await Promise.all(HOSTS.map(async (host) => [host, await ask(host)] as const)));

/** What sshd itself wrote down, without the very connection that asks. */
async function loginsSince(host: HostName, cursor: string): Promise<Login[]> {
  const text = await onHost(
    host,
    `echo "asked from port $(echo $SSH_CONNECTION | cut -d' ' -f2)"; journalctl -u ssh -o cat --no-pager --after-cursor='${cursor}'`,
  );
  const own = /asked from port (\d+)/.exec(text)?.[1] ?? '';
  const commands = [...text.matchAll(/^Starting session: (\S+) for \S+ from \S+ port (\d+)/gm)];
  return [...text.matchAll(/^Accepted \S+ for (\S+) from (\S+) port (\d+) /gm)]
    .map(([, user = '', from = '', port = '']) => {
      const sessions = commands.filter((line) => line[2] === port);
      expect(sessions.every((line) => line[1] === 'command')).toBe(true);
      return { user, from, port, commands: sessions.length };
    })
    .filter(({ port }) => port !== own);
}

test('a second up changes nothing and says so', () => {
  expect(second.code, failures(second)).toBe(0);
  expect(second.summary).toMatchObject({ changed: 0, failed: 0 });
  expect(second.planned).toEqual([]);
  for (const host of second.summary.hosts) expect(host.restarted).toEqual([]);
});

test('no service of any host was started again', () => {
  expect(moved(before, after)).toEqual([]);
  const running = [...before].map(([host, units]) => [host, [...units.keys()]] as const);
  const own = ['k8s-bootstrap-balancer.service', 'kubelet.service', 'kube-proxy.service'];
  const node = [...own, 'firewalld.service', 'ssh.service'];
  const wanted: Record<HostName, string[]> = {
    m1: [
      ...node,
      'containerd.service',
      'etcd.service',
      'kube-apiserver.service',
      'kube-controller-manager.service',
      'kube-scheduler.service',
    ],
    w1: [...node, 'docker.service'],
    w2: [...node, 'containerd.service'],
  };
  for (const [host, units] of running) expect(units).toEqual(expect.arrayContaining(wanted[host]));
});

test('sshd saw one connection and one command on each host', () => {
  const brief = (host: HostName): string[] =>
    (logins.get(host) ?? [])
      .map(
        ({ user, from, commands }) =>
          `${user} from ${from.replace(`${settings.net}.`, '')}: ${commands} commands`,
      )
      .sort();
  // The second connection to m1 is the one that w2 is reached through; it carries no command.
  expect(brief('m1')).toEqual(['root from 254: 0 commands', 'root from 254: 1 commands']);
  expect(brief('w1')).toEqual(['student from 254: 1 commands']);
  expect(brief('w2')).toEqual(['ops from 11: 1 commands']);
});

test('the summary tells the same numbers', () => {
  expect(second.summary.hosts.map(({ name, connections, execs }) => ({ name, connections, execs }))).toEqual(
    HOSTS.map((name) => ({ name, connections: 1, execs: 1 })),
  );
});

test('plan --detailed-exitcode is 0 when there is nothing to do', async () => {
  const plan = await k8sb(['plan', '--detailed-exitcode']);
  expect(plan.code, failures(plan)).toBe(0);
  expect(plan.planned).toEqual([]);
});
