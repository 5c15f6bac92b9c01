import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, picture } from '../support/host-picture.ts';
import { lab, onHost, settings } from '../support/lab.ts';
import { type Scene, WELL, aloneInventory, done, scene, wipe } from '../support/scene.ts';

/** A host that carries a whole cluster, with pods, a port of theirs on the host and one of every node. */
let here: Scene;
let before: Set<string>;

const kubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /tmp/kube-cache';
const PODS = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      volumes: [{ name: memory, emptyDir: { medium: Memory } }]
      containers:
        - name: web
          image: ${settings.controller}:5000/busybox:1.31
          command: [sleep, '100000']
          ports: [{ containerPort: 80, hostPort: 8099 }]
          volumeMounts: [{ name: memory, mountPath: /memory }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 30080 }] }
`;

/**
 * What may differ: what packages bring (they stay, and so does the record of them), what firewalld writes when it is asked at all, data that stays, and
 * logs. Its zone "trusted" has chains, and an empty configuration, once something was in it.
 */
const MAY_DIFFER = [
  /^[-+] (?:file|sum|unit) .*(?:etcd|haproxy|containerd|conntrack|socat|iptables|docker|chrony)/,
  /^[-+] file \/var\/lib\/k8s-bootstrap(?:\/before)? /,
  /^[-+] file \/etc\/firewalld\//,
  /^[-+] file \/var\/log\//,
  /^[-+] file \/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-? /,
  /^[-+] account (?:etcd|haproxy|docker|chrony):/,
  /^[-+] rule .*_trusted/,
  /^[-+] zone .*trusted/,
  /^[-+] file \/root\/\.kube/,
];

interface Left {
  readonly hosts: readonly {
    readonly left: string[];
    readonly packages: string[];
    readonly data: string[];
  }[];
}
const resultOf = ({ events }: Awaited<ReturnType<Scene['run']>>): Left =>
  (events.find(({ type }) => type === 'result') as unknown as { data: Left }).data;
const installed = (run: Awaited<ReturnType<Scene['run']>>): readonly string[] =>
  resultOf(run).hosts[0]?.packages ?? [];

beforeAll(async () => {
  await wipe('m1');
  await onHost('m1', 'mkdir -p /etc/cni/net.d; echo {} > /etc/cni/net.d/05-other.conf');
  before = await picture('m1');
  here = scene('going', aloneInventory('going'));
});

afterAll(async () => {
  here.remove();
  await lab('wipe', 'm1');
});

describe('reset', () => {
  test('a host with a cluster and pods is what it was', async () => {
    expect(done(await here.run(['up', '--accept-new-host-keys']))).toEqual(WELL);
    await onHost(
      'm1',
      `cat > /tmp/web.yaml <<'END'\n${PODS}END\n${kubectl} apply -f /tmp/web.yaml
for i in $(seq 60); do ${kubectl} get pods -l app=web | grep -q Running && break; sleep 1; done
${kubectl} get pods -l app=web | grep Running
iptables-save -t nat | grep -c -- '--dport 30080'
rm -rf /tmp/web.yaml /tmp/kube-cache`,
    );
    const refused = await here.run(['reset', '--yes', 'another']);
    expect([refused.code, refused.errors[0]?.code]).toEqual([2, 'E_NOT_CONFIRMED']);
    expect(await onHost('m1', 'systemctl is-active kubelet')).toBe('active\n');

    const reset = await here.run(['reset', '--yes', 'going']);
    expect(done(reset)).toEqual(WELL);
    const data = resultOf(reset);
    expect(data.hosts[0]?.left.filter((one) => !one.startsWith('/var/log/kubernetes'))).toEqual([]);
    expect(installed(reset)).toEqual(expect.arrayContaining(['etcd', 'containerd.io', 'socat']));
    expect(data.hosts[0]?.data[0]).toMatch(/^\/var\/lib\/etcd\/member\.set-aside\.\d{8}T\d{6}Z$/);

    const found = differences(before, await picture('m1'));
    expect(found.filter((line) => !MAY_DIFFER.some((pattern) => pattern.test(line)))).toEqual([]);
    // A second one finds nothing that is ours, and still knows the packages.
    const again = await here.run(['reset', '--yes', 'going']);
    expect(done(again)).toEqual(WELL);
    expect(again.events.find(({ type }) => type === 'procedure.planned')?.['steps']).toEqual([]);
    expect(again.events.find(({ type }) => type === 'result')).toMatchObject({
      data: { hosts: [{ wasOurs: false, data: [] }] },
    });
    expect(installed(again).toSorted()).toEqual([...new Set(installed(reset))].toSorted());
  }, 900_000);

  test('and takes a cluster again', async () => {
    expect(done(await here.run(['up']))).toEqual(WELL);
  });
});
