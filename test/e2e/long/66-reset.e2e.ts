import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STAYS, differences, picture } from '../support/host-picture.ts';
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
    expect(found.filter((line) => !STAYS.some((pattern) => pattern.test(line)))).toEqual([]);
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

  test("leaves docker's containers of others, their settings of it, and rules of their own", async () => {
    await wipe('m1');
    const image = `${settings.controller}:5000/busybox:1.31`;
    const theirs = `docker inspect -f '{{.Id}} {{.State.Running}} {{.Config.Image}}' theirs
cat /etc/docker/daemon.json
firewall-cmd --list-services; firewall-cmd --permanent --list-services
firewall-cmd --direct --get-all-rules; firewall-cmd --permanent --direct --get-all-rules`;
    await onHost(
      'm1',
      `set -e
yum -q -y install docker >/dev/null
mkdir -p /etc/docker
echo '{"insecure-registries": ["${settings.controller}:5000"], "log-driver": "json-file"}' > /etc/docker/daemon.json
systemctl restart docker
docker run -d --restart always --name theirs ${image} sleep 100000
for option in '' --permanent; do
  firewall-cmd -q $option --add-service=http
  firewall-cmd -q $option --direct --add-rule ipv4 filter INPUT 0 -p tcp --dport 8088 -j ACCEPT
done`,
    );
    const was = await onHost('m1', theirs);
    expect(was).toContain(` true ${image}`);
    // A host that was wiped has another key, and a cluster of before is none of its.
    here.remove();
    here = scene('going', aloneInventory('going').replace('runtime: containerd', 'runtime: docker'));
    expect(done(await here.run(['up', '--accept-new-host-keys']))).toEqual(WELL);
    expect(done(await here.run(['reset', '--yes', 'going']))).toEqual(WELL);
    expect(await onHost('m1', theirs)).toBe(was);
    expect(await onHost('m1', 'docker ps -aq --no-trunc')).toBe(`${was.split(' ')[0]}\n`);
  }, 900_000);
});
