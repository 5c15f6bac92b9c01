// Makes a cluster whose hosts need nothing: inventory, keys, known_hosts, and what each host answers to a probe. The
// program's own steps are played on hosts in memory until its own plan is empty, so that what is wanted is known from
// nowhere else. Real probes, run in a shell for each host, would be nearer to the truth, and take an hour for 5,000.
// arguments: FOLDER HOSTS PORTS(a,b) CNI [MISSING]      with MISSING, answers from before that file was there are kept too
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { kubeApi } from '../../test/support/simulated/api.ts';
import { NONCE, converge, mirror, openSimulated } from '../../test/support/simulated/cluster.ts';
import { simulatedHost } from '../../test/support/simulated/host.ts';
import { CLOCK, answerOf } from '../../test/support/simulated/wire.ts';

const [folder, count, portList, cni, missing] = process.argv.slice(2);
const ports = portList.split(',').map(Number);

async function main() {
  const specs = Array.from({ length: Number(count) }, (_, index) => hostSpec(index));
  const file = join(folder, 'inventory.yaml');
  mirror(join(folder, 'mirror'), (path) => missing !== undefined && path.endsWith('/kube-proxy'));
  writeFileSync(file, dump(inventory(specs)));
  const options = { file, env: { HOME: folder }, emit: () => undefined, secrets: new Set() };
  const cluster = await openSimulated(options);
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
  // That of the mirror below.
  kubernetes: { version: 'v1.16.3' },
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

function knownHosts(specs) {
  const key = readFileSync(join(folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  return specs.map(({ address, ssh }) => `[${address}]:${ssh.port} ${key}\n`).join('');
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
