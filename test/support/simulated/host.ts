import { createHash } from 'node:crypto';
import { paths } from '../../../src/kernel/host-paths.ts';
import type { FileState } from '../../../src/probe/observe.ts';
import { sha256 } from '../../../src/resources/content.ts';
import { MANIFEST } from '../../../src/resources/manifest.ts';
import type { Attributes, Content, Step } from '../../../src/resources/step.ts';
import type { HostSpec, Reply, SimulatedApi } from './api.ts';

export type KeptFile = Exclude<FileState, { type: 'absent' } | { type: 'other' }>;

/** A host of which everything is as it was wanted: files that the program's own steps have put there, and for the rest a Debian. */
export interface SimulatedHost {
  file(path: string): KeptFile | undefined;
  runs(unit: string): boolean;
  package(name: string): string;
  sysctl(key: string): string | undefined;
  answer(key: string): { readonly code: number; readonly output: string };
  object(path: string): Reply;
  remove(path: string): void;
  /** Does what a step would have done. Throws at one that it does not know. */
  play(step: Step, phase: string): Promise<void>;
}

/** @param api what is there for all hosts of a cluster; only masters are asked for it */
export function simulatedHost({ name, ip }: HostSpec, api: SimulatedApi): SimulatedHost {
  const files = new Map<string, KeptFile>();
  const manifest = new Map<string, string>();
  const text = (path: string): string => {
    const file = files.get(path);
    return (file?.type === 'file' ? file.content?.toString('utf8') : undefined) ?? '';
  };
  const put = (path: string, content: Buffer, attributes: Attributes): void => {
    files.set(path, { type: 'file', content, size: content.length, sha256: sha256(content), ...attributes });
  };
  const own = (path: string, written: string, phase: string): void => {
    manifest.set(path, `${written}\t${path}\t${phase}\n`);
    put(MANIFEST, Buffer.from([...manifest.values()].join('')), ROOTS_OWN);
  };
  return {
    file: (path) => files.get(path),
    runs: (unit) => unit !== 'firewalld.service' && unit !== 'flanneld.service',
    package: () => '1.0-1',
    sysctl: (key) => new RegExp(`^${key.replaceAll('.', '\\.')} = (.*)$`, 'm').exec(text(paths.sysctl))?.[1],
    answer: (key) =>
      key === 'facts' ? { code: 0, output: facts(name, ip, text) } : { code: 0, output: '', ...ANSWERS[key] },
    object: (path) => api.get(path),
    remove: (path) => {
      files.delete(path);
    },
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
          if (step.title === 'names in /etc/hosts') {
            const [, names = ''] = /^printf %s '([^']*)' > "\$t"$/m.exec(step.script) ?? [];
            put('/etc/hosts', Buffer.from(names), READ_BY_ALL);
          } else if (step.stdin) api.change(step.title, (await bytesOf(step.stdin)).toString('utf8'));
          return;
        case 'unit':
          return;
        case 'link':
          files.set(step.path, { type: 'link', target: step.target });
          own(step.path, `link ${step.target}`, phase);
          return;
        case 'attributes':
        case 'fetch':
        case 'packages':
        case 'prune':
        case 'remove':
          throw new Error(`a simulated host cannot ${step.op}: ${JSON.stringify(step)}`);
      }
    },
  };
}

const READ_BY_ALL: Attributes = { mode: '0644', owner: 'root', group: 'root' };
const ROOTS_OWN: Attributes = { mode: '0600', owner: 'root', group: 'root' };

const LARGE = 10_000_000;

async function bytesOf(content: Content): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What else is asked ends well and says nothing. */
const ANSWERS: Readonly<Record<string, { readonly code?: number; readonly output?: string }>> = {
  'etcd-data': { output: 'yes' },
  'etcd-health': { output: '{"health":"true"}' },
  'proxy-rules:iptables': { code: 1 },
  'proxy-rules:ipvs': { code: 1 },
};

/** What the question of `src/facts/facts-script.ts` prints; what the cluster has made of the host is read off its files. */
function facts(name: string, ip: string, text: (path: string) => string): string {
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
