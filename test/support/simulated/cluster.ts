import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { type OpenState, openState } from '../../../src/cluster/open-state.ts';
import { type Cluster, type ClusterOptions, openCluster } from '../../../src/cluster/open.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { leafCertificate } from '../../../src/pki/issue-certificate.ts';
import { dueOn } from '../../../src/plan/planner.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import { parseProbe } from '../../../src/probe/probe.ts';
import type { SimulatedHost } from './host.ts';
import { answerOf } from './wire.ts';

export const NONCE = createHash('md5').update('nonce').digest('hex');

/** What is wanted depends on what is there (an etcd member with data): more than this many looks it never takes. */
const LOOKS = 5;

/** A cluster whose certificates all have one key: a key for each takes long, and nobody ever sees one. */
export async function openSimulated(options: ClusterOptions): Promise<Cluster> {
  const state = await openState(options);
  const cluster = await openCluster(options, { ...state, pki: withOneKey(state.pki) });
  await cluster.prepare();
  return cluster;
}

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = new Secret(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);

function withOneKey(pki: OpenState['pki']): OpenState['pki'] {
  const issue: typeof pki.issue = (spec) => {
    const certificate = pki.caPem(spec.ca);
    const caKey = pki.caKey(spec.ca);
    if (certificate === undefined || caKey === undefined) throw new Error(`no authority ${spec.ca}`);
    const issuer = { certificate, key: createPrivateKey(caKey.reveal()) };
    return Promise.resolve({ certificate: leafCertificate(spec, keys, issuer, new Date()), key });
  };
  return new Proxy(pki, {
    get(target, name) {
      if (name === 'issue') return issue;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/**
 * Plays what is due on hosts in memory until nothing is.
 * @throws when something is still due after so many looks, with what it is
 */
export async function converge(cluster: Cluster, hosts: ReadonlyMap<string, SimulatedHost>): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const seen = new Map([...hosts].map(([name, host]) => [name, observed(cluster, name, host)]));
    const upstream = new Map([...hosts.keys()].map((name) => [name, new Map<string, never>()]));
    let changed = 0;
    for (const stage of cluster.desire(seen)) {
      for (const name of stage.hosts) {
        const before = seen.get(name);
        const host = hosts.get(name);
        const above = upstream.get(name);
        if (!before || !host || !above) throw new Error(`${stage.id} has a host of its own: ${name}`);
        for (const { resource, change } of dueOn(stage, name, before, above)) {
          changed += 1;
          if (look === LOOKS - 1) throw new Error(`${name}: ${resource.id}: ${JSON.stringify(change)}`);
          for (const step of await resource.steps(change, before)) await host.play(step, stage.id);
        }
      }
    }
    if (changed === 0) return;
  }
}

/** What a probe of the host brings back. */
export function observed(cluster: Cluster, name: string, host: SimulatedHost): Observed {
  const watches = cluster.watches(name);
  return parseProbe(watches, NONCE, answerOf(watches, host, NONCE).bytes);
}

/** Small files in place of binaries, but for those that are there. Its checksums are in `SHA256SUMS.yaml`. */
export function mirror(base: string, isThere: (path: string) => boolean = () => false): void {
  const release = 'release/v1.16.3/bin/linux/amd64';
  const sums: Record<string, string> = {};
  const add = (path: string, make: (file: string) => void): void => {
    mkdirSync(join(base, path, '..'), { recursive: true });
    if (!isThere(path)) make(join(base, path));
    sums[path] = createHash('sha256')
      .update(readFileSync(join(base, path)))
      .digest('hex');
  };
  const text = (path: string): void => {
    writeFileSync(path, `${path.slice(base.length)}\n`);
  };
  for (const name of BINARIES) add(`${release}/${name}`, text);
  const archive = (top: string, members: readonly string[]) => (path: string) => {
    const from = join(base, 'unpacked', top);
    mkdirSync(from, { recursive: true });
    for (const member of members) text(join(from, member));
    execFileSync('tar', ['-czf', path, '-C', join(base, 'unpacked'), ...(top === '.' ? members : [top])]);
  };
  const etcd = 'etcd-v3.3.17-linux-amd64';
  add(`etcd/v3.3.17/${etcd}.tar.gz`, archive(etcd, ['etcd', 'etcdctl']));
  const plugins = ['bridge', 'host-local', 'loopback', 'portmap'];
  add('cni/v0.8.1/cni-plugins-linux-amd64-v0.8.1.tgz', archive('.', plugins));
  add('helm/v3.2.4/helm-v3.2.4-linux-amd64.tar.gz', archive('linux-amd64', ['helm']));
  writeFileSync(join(base, 'SHA256SUMS.yaml'), dump(sums));
}

const BINARIES = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
  'kube-proxy',
];
