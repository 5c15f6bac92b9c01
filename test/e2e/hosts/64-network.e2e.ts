import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, kubectlWith } from '../support/kubectl.ts';
import {
  HOSTS,
  type HostName,
  addressOf,
  lab,
  labInventory,
  onHost,
  onHosts,
  settings,
} from '../support/lab.ts';
import { nameServer } from '../support/name-server.ts';
import { breakOthers, idsOf } from '../support/mutations.ts';
import { failures, plannedIn } from '../support/product.ts';
import { type Ended, type Scene, nothingToDo, scene, wipe } from '../support/scene.ts';
import { moved, startsOf } from '../support/units.ts';

/** A cluster of its own whose pods are joined by flannel, and whose names of the outside come from the lab. */
const inventory = (backend: 'vxlan' | 'host-gw'): string =>
  labInventory()
    .replace('name: lab\n', 'name: joined\n')
    .replace(
      '  cniVersion: v1.2.0\n',
      `  cniVersion: v1.2.0\n  cni: flannel\n  flannel: { backend: ${backend}, version: v0.28.10 }\n`,
    )
    .replace(/^dns:\n {2}image: (\S+)\n/m, `dns: { upstream: [${settings.net}.1] }\n`)
    .replace(
      /^images:\n/m,
      `images:\n  mirrors: { 'k8s.gcr.io/coredns:1.6.2': '${settings.controller}:5000/coredns:1.6.2' }\n`,
    );

let joined: Scene;
let first: Ended;
let kubectl: ReturnType<typeof kubectlWith>;
let stopNameServer: () => void;

const exec = (pod: string, script: string): Promise<string> =>
  kubectl(['exec', pod, '--', 'sh', '-c', script]);
const shellOn = (host: HostName): string => `shell-${host}`;
const podIp = (pod: string): Promise<string> =>
  kubectl(['get', 'pod', pod, '-o', 'jsonpath={.status.podIP}']);

/** A pod on every node; what it is asked over http is the name of its node. */
const shell = (host: HostName): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: shellOn(host), labels: { app: 'shell' } },
  spec: {
    nodeName: host,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'shell',
        image: `${settings.controller}:5000/busybox:1.31`,
        command: ['sh', '-c', `mkdir /www; echo ${host} > /www/index.html; exec httpd -f -p 80 -h /www`],
      },
    ],
  },
});
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shells' },
  spec: { selector: { app: 'shell' }, ports: [{ port: 80 }] },
};

/** Whether packets of vxlan cross the wire between two nodes while pods on them talk, as the second one sees them. */
async function packetsWhile(from: HostName, to: HostName): Promise<number> {
  const counter = `iptables -w -t raw -I PREROUTING -p udp --dport 8472 -s ${addressOf(from)} -m comment --comment seen-by-test`;
  await onHost(to, counter);
  try {
    expect(
      (await exec(shellOn(from), `timeout 5 wget -q -O - http://${await podIp(shellOn(to))}/`)).trim(),
    ).toBe(to);
    const list = await onHost(to, "iptables -w -t raw -nvxL PREROUTING | awk '/seen-by-test/ { print $1 }'");
    return Number(list);
  } finally {
    await onHost(to, counter.replace(' -I ', ' -D '));
  }
}

const everyPodReachesEveryOther = async (): Promise<void> => {
  for (const from of HOSTS) {
    for (const to of HOSTS) {
      expect(
        (await exec(shellOn(from), `timeout 5 wget -q -O - http://${await podIp(shellOn(to))}/`)).trim(),
      ).toBe(to);
    }
  }
};

beforeAll(async () => {
  await wipe(...HOSTS);
  stopNameServer = await nameServer({ 'outside.example.com': '192.0.2.77' });
  joined = scene('joined', inventory('vxlan'));
  first = await joined.run(['up', '--accept-new-host-keys']);
  kubectl = kubectlWith(`${joined.state}/kubeconfig/admin.conf`);
  await eventually(() => kubectl(['get', 'serviceaccount', 'default']));
  const items = [...HOSTS.map(shell), SERVICE];
  await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(['wait', '--for=condition=Ready', 'pod', '-l', 'app=shell', '--timeout=90s']);
});

afterAll(() => {
  stopNameServer();
  joined.remove();
});

test('a first up ends with every node joined and names answered', () => {
  expect(first.code, failures(first)).toBe(0);
});

describe('vxlan', () => {
  test('carries what pods of different nodes say, within packets of port 8472', async () => {
    await everyPodReachesEveryOther();
    expect(await packetsWhile('w1', 'w2')).toBeGreaterThan(0);
  });

  test('shows the way to each other node in its routes, neighbours and forwarding table', async () => {
    const looks = await onHosts(
      'ip route show dev flannel.1; echo ==; ip neigh show dev flannel.1; echo ==; bridge fdb show dev flannel.1; echo ==; cat /sys/class/net/flannel.1/mtu /sys/class/net/cni0/mtu',
    );
    for (const [host, text] of looks) {
      const [routes = '', neighbours = '', forwarding = '', mtus = ''] = text.split('==\n');
      const others = HOSTS.filter((other) => other !== host);
      expect(routes.trim().split('\n'), host).toHaveLength(others.length);
      expect(neighbours.match(/lladdr \S+ PERMANENT/g), host).toHaveLength(others.length);
      for (const other of others) expect(forwarding, host).toContain(` dst ${addressOf(other)} `);
      expect(mtus).toBe('1450\n1450\n');
    }
  });

  test('is open to the other nodes, and to nobody else', async () => {
    const rules = await onHost(
      'w1',
      'firewall-cmd --zone=public --list-rich-rules; firewall-cmd --zone=public --list-ports',
    );
    for (const host of ['m1', 'w2'] as const)
      expect(rules).toContain(`source address="${addressOf(host)}" port port="8472" protocol="udp" accept`);
    expect(rules).not.toMatch(/8472\/udp/);
  });
});

test('names of services and of the outside resolve from pods on every node', async () => {
  const service = await kubectl(['get', 'service', 'shells', '-o', 'jsonpath={.spec.clusterIP}']);
  for (const host of HOSTS) {
    const look = (name: string): Promise<string> => exec(shellOn(host), `nslookup -type=a ${name}`);
    expect(await look('shells.default.svc.cluster.local'), host).toContain(service);
    expect(await look('outside.example.com'), host).toContain('192.0.2.77');
    const url = `http://${service}/`;
    expect(HOSTS).toContain((await exec(shellOn(host), `timeout 5 wget -q -O - ${url}`)).trim());
  }
});

test('two pods answer, on two nodes, and while one goes no name is lost that is asked for twice', async () => {
  const pods = async (): Promise<[string, string][]> =>
    (
      await kubectl([
        ...['-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=kube-dns', '-o'],
        'jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName}{"\\n"}{end}',
      ])
    )
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]);
  const before = await pods();
  expect(new Set(before.map(([, node]) => node)).size).toBe(2);
  const ask = 'nslookup -type=a shells.default.svc.cluster.local >/dev/null 2>&1';
  const asking = exec(
    shellOn('w1'),
    `lost=0; for i in $(seq 80); do ${ask} || ${ask} || lost=$((lost+1)); sleep 0.1; done; echo lost $lost`,
  );
  await kubectl(['-n', 'kube-system', 'delete', 'pod', before[0]![0], '--wait=false']);
  expect((await asking).trim()).toBe('lost 0');
});

test('a second up finds nothing to do, by one command a host', async () => {
  const second = await joined.run(['up']);
  expect(second.code, failures(second)).toBe(0);
  const summary = second.events.find(({ type }) => type === 'summary') as unknown as {
    readonly changed: number;
    readonly hosts: readonly { readonly execs: number }[];
  };
  expect(summary.changed).toBe(0);
  expect(summary.hosts.map(({ execs }) => execs)).toEqual([1, 1, 1]);
});

test('what is broken of flannel is mended, and it alone restarted', async () => {
  const before = await startsOf(['w1']);
  const { expected, swept } = await breakOthers('flannel', 'w1');
  const mended = await joined.run(['up']);
  await onHost('w1', swept);
  expect(mended.code, failures(mended)).toBe(0);
  expect(idsOf(plannedIn(mended.events))).toEqual(expected);
  expect(moved(before, await startsOf(['w1']))).toEqual(['w1 flanneld.service']);
  await nothingToDo(joined);
  await eventually(everyPodReachesEveryOther, 60);
});

test('a device that was made anew without its routes is no way to anybody, and mended', async () => {
  await onHost('w2', 'ip route flush dev flannel.1');
  const before = await startsOf(['w2']);
  const mended = await joined.run(['up']);
  expect(mended.code, failures(mended)).toBe(0);
  expect(idsOf(plannedIn(mended.events))).toEqual(['w2 link:flannel.1']);
  expect(moved(before, await startsOf(['w2']))).toEqual(['w2 flanneld.service']);
  await nothingToDo(joined);
  await eventually(everyPodReachesEveryOther, 60);
});

test('a node that was switched off and on again is joined as before', async () => {
  await lab('poweroff', 'w2');
  await lab('start', 'w2');
  await eventually(async () => {
    expect(
      (await exec(shellOn('w1'), `timeout 5 wget -q -O - http://${await podIp(shellOn('w2'))}/`)).trim(),
    ).toBe('w2');
  }, 120);
});

test('with host-gw the same pods talk without packets within packets', async () => {
  joined.write(inventory('host-gw'));
  const changed = await joined.run(['up']);
  expect(changed.code, failures(changed)).toBe(0);
  await eventually(everyPodReachesEveryOther, 60);
  expect(await packetsWhile('w1', 'w2')).toBe(0);
  expect([...(await onHosts('ls /sys/class/net')).values()].join()).not.toContain('flannel');
  for (const [host, routes] of await onHosts('ip route show')) {
    for (const other of HOSTS.filter((name) => name !== host)) {
      expect(routes, host).toMatch(
        new RegExp(`^\\S+/24 via ${addressOf(other).replaceAll('.', '\\.')} dev eth0`, 'm'),
      );
    }
  }
});
