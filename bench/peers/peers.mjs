// The same hosts that need nothing, checked by this product and by its peers: Ansible, Ansible with Mitogen, pyinfra.
// Each is told the same files, services, packages and kernel parameters, and has its best settings: Ansible
// pipelining, a connection that is kept from run to run, no facts, as many forks as hosts, loops; pyinfra all hosts at
// once. The product logs in anew each time, and asks the API server and for health besides. They take turns, so that
// whatever else the machine does hits all; medians are compared.
// usage: node bench/peers/peers.mjs [INVENTORY] [RUNS]     default inventory/lab.yaml, 3; the lab's cluster must be up
// Needs python3, ssh, tar and `npm run build`. The peers are installed by pip into a folder of the user's cache, once. Contents
// of files are fetched into a temporary folder, as root with the keys of the inventory.
// Exits with 1 when any of them changes something, or a contract is missed: 20 times as fast as pyinfra, 12 times as
// Ansible with Mitogen.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { ansible, mitogen, pyinfra, sshConfig } from './settings.mjs';
import { asRoot, wantedOf } from './wanted.mjs';

const VERSIONS = ['ansible-core==2.19.14', 'mitogen==0.3.54', 'pyinfra==3.10.0'];
const RATIOS = { pyinfra: 20, 'Ansible with Mitogen': 12 };
const MINUTES = 5;
const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const file = resolve(process.argv[2] ?? join(root, 'inventory/lab.yaml'));
const runs = Number(process.argv[3] ?? 3);
const inventory = load(readFileSync(file, 'utf8'));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'k8s-bootstrap-bench');
const scratch = mkdtempSync(join(tmpdir(), 'bench-peers-'));
const children = new Set();
delete process.env.NODE_EXTRA_CA_CERTS;

async function main() {
  const { bin, packages } = await install();
  const config = sshConfig(inventory, file, scratch);
  const wanted = new Map();
  for (const host of inventory.hosts) wanted.set(host.name, await wantedOf(host, scratch, asRoot(config)));
  const settings = ansible(inventory, config, wanted, scratch);
  pyinfra(inventory, config, wanted, scratch);
  const playbook = [
    join(bin, 'ansible-playbook'),
    '-i',
    join(scratch, 'hosts.yaml'),
    join(here, 'playbook.yaml'),
  ];
  const deploy = [join(bin, 'pyinfra'), '-y', join(scratch, 'hosts.py'), join(here, 'deploy.py')];
  const subjects = [
    {
      name: 'this product',
      command: [process.execPath, join(root, 'bin/k8s-bootstrap'), 'up', file, '--json'],
      unchanged: byProduct,
    },
    { name: 'pyinfra', command: deploy, unchanged: byPyinfra },
    { name: 'Ansible', command: playbook, env: settings, unchanged: byAnsible },
    {
      name: 'Ansible with Mitogen',
      command: playbook,
      env: { ...settings, ...mitogen(packages) },
      unchanged: byAnsible,
    },
  ];
  describe(wanted, settings, deploy);
  const times = new Map(subjects.map(({ name }) => [name, []]));
  // The first of each warms file caches, and opens the connections that Ansible keeps.
  for (let run = -1; run < runs; run += 1) {
    for (const subject of subjects) {
      const wall = await measure(subject);
      if (run >= 0) times.get(subject.name).push(wall);
    }
  }
  return report(times);
}

/** Into the cache, which other versions leave alone. */
async function install() {
  const folder = join(cache, VERSIONS.join('_').replaceAll('==', '-'));
  const done = existsSync(join(folder, 'bin/pyinfra'));
  if (!done) {
    mkdirSync(cache, { recursive: true });
    await call(['python3', '-m', 'venv', folder]);
    await call([join(folder, 'bin/pip'), 'install', '-q', ...VERSIONS]);
  }
  const { stdout } = await call([
    join(folder, 'bin/python'),
    '-c',
    'import sysconfig; print(sysconfig.get_path("purelib"))',
  ]);
  return { bin: join(folder, 'bin'), packages: stdout.trim() };
}

async function measure({ name, command, env, unchanged }) {
  const started = performance.now();
  const { stdout, stderr } = await call(command, env);
  const wall = performance.now() - started;
  if (unchanged(stdout, stderr)) return wall;
  throw new Error(`${name} has changed something:\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
}

const byProduct = (stdout) => JSON.parse(stdout.trim().split('\n').at(-1)).changed === 0;

/** `w1 : ok=6 changed=0 unreachable=0 failed=0 …`, one line a host. */
const byAnsible = (stdout) =>
  (stdout.match(/ changed=0 +unreachable=0 +failed=0 /g) ?? []).length === inventory.hosts.length;

/** `Grand total 209 - - 209`: operations, of which some have changed something, failed, or found nothing to do. */
const byPyinfra = (stdout, stderr) => /Grand total +(\d+) +- +- +\1\s/.test(`${stdout}${stderr}`);

function describe(wanted, settings, deploy) {
  console.log(`${inventory.hosts.length} hosts, ${runs} runs of each; ${VERSIONS.join(', ')}`);
  for (const [name, { files, directories, services, packages, sysctls }] of wanted) {
    console.log(
      `${name}: ${files.length} files, ${directories.length} folders, ${services.length} services, ${packages.length} packages, ${sysctls.length} kernel parameters`,
    );
  }
  for (const [key, value] of Object.entries(settings)) console.log(`  ${key}=${value}`);
  console.log(`  with Mitogen: ANSIBLE_STRATEGY=mitogen_linear\n  ${deploy.join(' ')}`);
}

function report(times) {
  const own = median(times.get('this product'));
  const seconds = (ms) => (ms / 1000).toFixed(2);
  for (const [name, each] of times) {
    const ratio = (median(each) / own).toFixed(1);
    console.log(
      `${name.padEnd(22)} median ${seconds(median(each)).padStart(6)} s   ${ratio.padStart(5)} times   ${each.map(seconds).join(' ')}`,
    );
  }
  return Object.entries(RATIOS)
    .map(([name, wanted]) => {
      const ratio = median(times.get(name)) / own;
      const kept = ratio >= wanted;
      console.log(
        `${name} takes ${ratio.toFixed(1)} times as long; at least ${wanted}: ${kept ? 'kept' : 'MISSED'}`,
      );
      return kept;
    })
    .every(Boolean)
    ? 0
    : 1;
}

async function call([program, ...args], env = {}) {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MINUTES * 60_000,
    killSignal: 'SIGKILL',
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const [out, err] = [[], []];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  const [code] = await once(child, 'exit');
  const [stdout, stderr] = [out.join(''), err.join('')];
  if (code === 0) return { stdout, stderr };
  throw new Error(`${program}: ${code}\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
}

/** Ends the connections that Ansible keeps, and whoever is still at work; contents of hosts do not stay behind. */
function clear() {
  for (const child of children) child.kill('SIGKILL');
  for (const name of readdirSync(scratch).filter((each) => each.startsWith('cp-'))) {
    const args = ['-F', '/dev/null', '-o', `ControlPath=${join(scratch, name)}`, '-O', 'exit', 'any'];
    spawnSync('ssh', args, { timeout: 10_000 });
  }
  rmSync(scratch, { recursive: true });
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
process.once('exit', clear);
process.exitCode = await main();
