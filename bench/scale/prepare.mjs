// Makes a cluster whose hosts need nothing: inventory, keys, known_hosts, and what each host answers to a probe. The
// program's own steps are played on hosts in memory until its own plan is empty, so that what is wanted is known from
// nowhere else. Real probes, run in a shell for each host, would be nearer to the truth, and take an hour for 5,000.
// arguments: FOLDER HOSTS PORTS(a,b) CNI [MISSING]      with MISSING, answers from before that file was there are kept too
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { openState } from '../../src/cluster/open-state.ts';
import { openCluster } from '../../src/cluster/open.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { leafCertificate } from '../../src/pki/issue-certificate.ts';
import { dueOn } from '../../src/plan/planner.ts';
import { parseProbe } from '../../src/probe/probe.ts';
import { kubeApi, simulatedHost } from './state.mjs';
import { CLOCK, answerOf } from './wire.mjs';

const [folder, count, portList, cni, missing] = process.argv.slice(2);
const ports = portList.split(',').map(Number);
const NONCE = createHash('md5').update('nonce').digest('hex');
/** What is wanted depends on what is there (an etcd member with data): more than this many looks it never takes. */
const LOOKS = 5;

async function main() {
  const specs = Array.from({ length: Number(count) }, (_, index) => hostSpec(index));
  const file = join(folder, 'inventory.yaml');
  mirror(join(folder, 'mirror'));
  writeFileSync(file, dump(inventory(specs)));
  const options = { file, env: { HOME: folder }, emit: () => undefined, secrets: new Set() };
  const state = await openState(options);
  const cluster = await openCluster(options, { ...state, pki: withOneKey(state.pki) });
  await cluster.prepare();
  writeFileSync(join(cluster.stateFolder, 'known_hosts'), knownHosts(specs), { mode: 0o600 });
  const api = kubeApi(specs);
  const hosts = new Map(specs.map((spec) => [spec.name, simulatedHost(spec, api)]));
  await converge(cluster, hosts);
  save(cluster, hosts, 'after');
  if (missing !== undefined) {
    for (const host of hosts.values()) host.remove(missing);
    save(cluster, hosts, 'before');
  }
  await cluster.artifacts.close();
}

/** Three masters where there are enough hosts; one in 250 has each last octet of an address. */
function hostSpec(index) {
  const roles = count < 4 ? ['master', 'etcd', 'worker'] : index < 3 ? ['master', 'etcd'] : ['worker'];
  const place = `${Math.floor(index / 250)}.${(index % 250) + 1}`;
  return {
    name: roles.includes('master') ? `m${index + 1}` : `w${index + 1}`,
    address: `127.1.${place}`,
    ip: `198.18.${place}`,
    roles,
    ssh: { port: ports[index % ports.length] },
  };
}

const inventory = (hosts) => ({
  name: 'scale',
  hosts,
  ssh: { user: 'root', agent: false, keys: [join(folder, 'id_ed25519')] },
  network: { podCIDR: '10.0.0.0/8', serviceCIDR: '172.20.0.0/16', cni },
  // A host that is imagined runs no pods that could answer for names.
  dns: { provider: 'none' },
  artifacts: {
    mirrors: [join(folder, 'mirror')],
    onlyMirrors: true,
    checksums: join(folder, 'mirror', 'SHA256SUMS.yaml'),
  },
});

/** Small files in place of binaries; the one that is to be sent has its size from whoever has put it there. */
function mirror(base) {
  const release = 'release/v1.16.3/bin/linux/amd64';
  const sums = {};
  const add = (path, make) => {
    mkdirSync(join(base, path, '..'), { recursive: true });
    make(join(base, path));
    sums[path] = createHash('sha256')
      .update(readFileSync(join(base, path)))
      .digest('hex');
  };
  const text = (path) => writeFileSync(path, `${path}\n`);
  const names = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl'];
  for (const name of names) add(`${release}/${name}`, text);
  add(`${release}/kube-proxy`, missing === undefined ? text : () => undefined);
  const archive = (top, members) => (path) => {
    const from = join(base, 'unpacked', top);
    mkdirSync(from, { recursive: true });
    for (const member of members) text(join(from, member));
    const names = top === '.' ? members : [top];
    execFileSync('tar', ['-czf', path, '-C', join(base, 'unpacked'), ...names]);
  };
  const etcd = 'etcd-v3.3.17-linux-amd64';
  add(`etcd/v3.3.17/${etcd}.tar.gz`, archive(etcd, ['etcd', 'etcdctl']));
  const plugins = ['bridge', 'host-local', 'loopback', 'portmap'];
  add('cni/v0.8.1/cni-plugins-linux-amd64-v0.8.1.tgz', archive('.', plugins));
  writeFileSync(join(base, 'SHA256SUMS.yaml'), dump(sums));
}

/** A key for each certificate would take an hour; nobody ever sees one. */
function withOneKey(pki) {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = new Secret(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const issue = async (spec) => {
    const issuer = { certificate: pki.caPem(spec.ca), key: createPrivateKey(pki.caKey(spec.ca).reveal()) };
    return { certificate: leafCertificate(spec, keys, issuer, new Date()), key };
  };
  return new Proxy(pki, {
    get(target, name) {
      if (name === 'issue') return issue;
      return typeof target[name] === 'function' ? target[name].bind(target) : target[name];
    },
  });
}

function knownHosts(specs) {
  const key = readFileSync(join(folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  return specs.map(({ address, ssh }) => `[${address}]:${ssh.port} ${key}\n`).join('');
}

async function converge(cluster, hosts) {
  for (let look = 0; look < LOOKS; look += 1) {
    const seen = new Map([...hosts].map(([name, host]) => [name, observed(cluster, name, host)]));
    const upstream = new Map([...hosts.keys()].map((name) => [name, new Map()]));
    let changed = 0;
    for (const stage of cluster.desire(seen)) {
      for (const name of stage.hosts) {
        const before = seen.get(name);
        for (const { resource, change } of dueOn(stage, name, before, upstream.get(name))) {
          changed += 1;
          if (look === LOOKS - 1) throw new Error(`${name}: ${resource.id}: ${JSON.stringify(change)}`);
          for (const step of await resource.steps(change, before)) await hosts.get(name).play(step, stage.id);
        }
      }
    }
    if (changed === 0) return;
  }
}

function observed(cluster, name, host) {
  const watches = cluster.watches(name);
  return parseProbe(watches, NONCE, answerOf(watches, host, NONCE).bytes);
}

/** Answers as they go over the wire, and where in them stands what is another each time. */
function save(cluster, hosts, when) {
  mkdirSync(join(folder, when));
  const index = {};
  for (const [name, host] of hosts) {
    const { bytes, salted } = answerOf(cluster.watches(name), host, NONCE);
    writeFileSync(join(folder, when, name), bytes);
    index[name] = {
      nonce: placesOf(bytes, NONCE),
      clock: placesOf(bytes, CLOCK),
      salted: [...salted].flatMap(([digest, text]) => placesOf(bytes, text).map((at) => [at, digest])),
    };
  }
  writeFileSync(join(folder, `${when}.json`), JSON.stringify(index));
}

function placesOf(bytes, text) {
  const places = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) places.push(at);
  return places;
}

void main();
