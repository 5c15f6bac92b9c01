// What a simulated host has: files that the program's own steps have put there, and for the rest a Debian on which
// everything is as it was wanted.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { paths } from '../../src/kernel/host-paths.ts';
import { MANIFEST } from '../../src/resources/manifest.ts';
import { sha256 } from '../../src/resources/content.ts';

/** @param api what `kubeApi` made; only a master is asked for it */
export function simulatedHost({ name, ip }, api) {
  const files = new Map();
  const manifest = new Map();
  const text = (path) => files.get(path)?.content?.toString('utf8') ?? '';
  const own = (path, written, phase) => {
    manifest.set(path, `${written}\t${path}\t${phase}\n`);
    put(MANIFEST, Buffer.from([...manifest.values()].join('')), {
      mode: '0600',
      owner: 'root',
      group: 'root',
    });
  };
  const put = (path, content, attributes) => {
    files.set(path, { type: 'file', content, size: content.length, sha256: sha256(content), ...attributes });
  };
  return {
    file: (path) => files.get(path),
    runs: (unit) => unit !== 'firewalld.service' && unit !== 'flanneld.service',
    package: () => '1.0-1',
    sysctl: (key) => new RegExp(`^${key.replaceAll('.', '\\.')} = (.*)$`, 'm').exec(text(paths.sysctl))?.[1],
    answer: (key) => ({ code: 0, output: key === 'facts' ? facts(name, ip, text) : (ANSWERS[key] ?? '') }),
    object: (path) => api.get(path),
    remove: (path) => files.delete(path),
    /** Does what a step would have done. */
    async play(step, phase) {
      switch (step.op) {
        case 'write': {
          const { size, sha256: digest } = step.content;
          // Of a large file only a digest is ever asked.
          if (size > LARGE) files.set(step.path, { type: 'file', size, sha256: digest, ...step.attributes });
          else put(step.path, await bytesOf(step.content), step.attributes);
          own(step.path, digest, phase);
          return;
        }
        case 'directory':
          files.set(step.path, { type: 'directory', ...step.attributes });
          own(step.path, 'directory', phase);
          return;
        case 'run':
          if (step.stdin) api.change(step.title, Buffer.concat([...step.stdin.open()]).toString('utf8'));
          return;
        case 'unit':
          return;
        default:
          throw new Error(`a simulated host cannot ${step.op}`);
      }
    },
  };
}

const LARGE = 10_000_000;

async function bytesOf(content) {
  const chunks = [];
  for await (const chunk of content.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const ANSWERS = { 'etcd-data': 'yes', 'etcd-health': '{"health":"true"}' };

/** What the question of `src/facts/facts-script.ts` prints; what the cluster has made of the host is read off its files. */
function facts(name, ip, text) {
  const cluster = [...text(paths.cluster).matchAll(/^(\S+) (\S+)$/gm)].map(
    ([, key, value]) => `== cluster.${key} ${value}`,
  );
  const routes = [
    ...text(`${paths.kubernetes}/pod-routes.sh`).matchAll(/route replace (\S+ via \S+) proto (\d+)/g),
  ].map(([, route, protocol]) => `${route} dev eth0 proto ${protocol}`);
  const range = /"subnet": "[^"]+"/.exec(text(`${paths.cniConfig}/10-bridge.conflist`))?.[0];
  return `== id debian
== like
== version 12
== pretty Debian GNU/Linux 12 (bookworm)
== manager apt-get
== uname ${name} 6.1.0-18-amd64 x86_64
== etcHostname ${name}
== machineId ${createHash('md5').update(name).digest('hex')}
== cmdline systemd.unified_cgroup_hierarchy=0
== cpus 0-3
== memory 8014080 kB
== selinux
== cgroup memory
${cluster.join('\n')}
== disk
Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda1         41943040 2097152  39845888       5% /
== network
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet ${ip}/15 brd 198.19.255.255 scope global eth0\\       valid_lft forever preferred_lft forever
default via 198.18.0.254 dev eth0 onlink
${routes.join('\n')}
198.18.0.0/15 dev eth0 proto kernel scope link src ${ip}
== listening
State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
LISTEN 0      128          0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=512,fd=3))
LISTEN 0      4096       127.0.0.1:10248     0.0.0.0:*    users:(("kubelet",pid=1001,fd=24))
LISTEN 0      4096               *:10250           *:*    users:(("kubelet",pid=1001,fd=30))
LISTEN 0      4096       127.0.0.1:10249     0.0.0.0:*    users:(("kube-proxy",pid=1002,fd=12))
== cni
${range ?? ''}
== docker
== deadRepos`;
}

/** The objects of the cluster, its nodes among them, as one API server tells them to every master. */
export function kubeApi(hosts) {
  const objects = new Map(hosts.map((host) => [`/api/v1/nodes/${host.name}`, node(host)]));
  const reply = (status, body) => ({ status, text: typeof body === 'string' ? body : JSON.stringify(body) });
  return {
    get(path) {
      const [bare, query = ''] = path.split('?');
      if (bare === '/healthz') return reply(200, 'ok');
      if (objects.has(bare)) return reply(200, objects.get(bare));
      const items = [...objects]
        .filter(([key]) => key.startsWith(`${bare}/`) && !key.slice(bare.length + 1).includes('/'))
        .map(([, item]) => item);
      // Nobody has rights that were given by label.
      if (query.includes('labelSelector')) return reply(200, { kind: 'List', apiVersion: 'v1', items: [] });
      if (items.length > 0) return reply(200, { kind: 'NodeList', apiVersion: 'v1', metadata: {}, items });
      return reply(404, { kind: 'Status', status: 'Failure', code: 404 });
    },
    /** What kubectl is given: a patch of a node, an object, or a list of them. */
    change(title, json) {
      const [, name] = /^label and taint node (\S+)$/.exec(title) ?? [];
      const given = JSON.parse(json);
      if (name !== undefined) {
        const known = objects.get(`/api/v1/nodes/${name}`);
        Object.assign(known.metadata.labels, given.metadata.labels);
        Object.assign(known.spec, given.spec);
        return;
      }
      for (const object of given.kind === 'List' ? given.items : [given]) {
        const { apiVersion, kind, metadata } = object;
        const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
        const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
        objects.set(`${root}${scope}/${kind.toLowerCase()}s/${encodeURIComponent(metadata.name)}`, object);
      }
    },
  };
}

/** As long as a node with a dozen images. */
function node({ name, ip }) {
  const at = '2024-01-01T00:00:00Z';
  const condition = (type, status, reason) => ({
    ...{ type, status, lastHeartbeatTime: at, lastTransitionTime: at, reason },
    message: `kubelet says ${reason} of its own`,
  });
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      name,
      selfLink: `/api/v1/nodes/${name}`,
      uid: createHash('sha256').update(name).digest('hex').slice(0, 32),
      resourceVersion: '1234567',
      creationTimestamp: at,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: {},
    status: {
      capacity: { cpu: '4', 'ephemeral-storage': '41943040Ki', memory: '8014080Ki', pods: '110' },
      allocatable: { cpu: '4', 'ephemeral-storage': '38654705664', memory: '7809280Ki', pods: '110' },
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
        condition('Ready', 'True', 'KubeletReady'),
      ],
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: { kernelVersion: '6.1.0-18-amd64', kubeletVersion: 'v1.16.3', architecture: 'amd64' },
      images: Array.from({ length: 12 }, (_, index) => ({
        names: [`registry.example.com/team/image-${index}@sha256:${sha256(String(index))}`],
        sizeBytes: 123456789,
      })),
    },
  };
}
