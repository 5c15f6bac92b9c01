// What a no-op `up` costs with many hosts: time, processor and memory of the controller, bytes of events, and for how
// long its event loop stands still. Then a first run: one file of 100 MB to 100 hosts. The hosts are simulated in
// processes of their own, with real SSH; they share the machine's cores with the controller, so the wall time is that
// of both. The controller's own figures are not: they are of its process alone.
// usage: node bench/scale/scale.mjs [HOSTS...] [--cni bridge|none] [--no-first-run]
//        default 1 10 100 1000; 5000 takes some minutes and GB; needs `npm run build` and ssh-keygen
// Exits with 1 when a contract is missed: at 1,000 hosts under 300 MB and at 5,000 under 600 MB; processor time a host
// not growing from 100 hosts on, and under 10 ms; the event loop never kept for more than 50 ms by the program's own
// work; the file under 300 MB.
import { Buffer } from 'node:buffer';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from '../../build/bundle.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cni: { type: 'string', default: 'bridge' },
    'no-first-run': { type: 'boolean', default: false },
  },
});
const sizes = positionals.length > 0 ? positionals.map(Number) : [1, 10, 100, 1000];
const root = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'bench-scale-'));
const MEMORY = { 1000: 300, 5000: 600 };
const CPU = 10;
const NOISE = 1.1;
const WORK = 50;
const FILE = { path: '/usr/local/bin/kube-proxy', megabytes: 100, hosts: 100, memory: 300 };
const MINUTES = 15;
const children = new Set();
// Node would read it before the first line of any program.
delete process.env.NODE_EXTRA_CA_CERTS;

async function main() {
  const scripts = {};
  for (const name of ['prepare', 'hosts']) {
    // In dist, because what stays outside of the script is in node_modules above it.
    scripts[name] = join(root, `dist/scale-${name}.cjs`);
    writeFileSync(scripts[name], await bundle(`bench/scale/${name}.mjs`));
  }
  console.log(`no-op up, network.cni ${options.cni}`);
  console.log(row(['hosts', 'wall s', 'cpu s', 'cpu/host ms', 'MB', 'events kB', 'work ms', 'pause ms']));
  const measured = new Map();
  let kept = true;
  for (const hosts of sizes) {
    try {
      const found = await onHosts(scripts, hosts, undefined, noop);
      measured.set(hosts, found);
      console.log(row(cells(hosts, found)));
    } catch (error) {
      // A size at which the program fails is a result, too.
      kept = contract(`${hosts} hosts: ${error.message}`, false);
    }
  }
  ratios(measured);
  kept = contracts(measured) && kept;
  if (options['no-first-run']) return kept ? 0 : 1;
  const first = await onHosts(scripts, FILE.hosts, FILE, up);
  console.log(
    `\n${FILE.megabytes} MB to ${FILE.hosts} hosts: ${cells(FILE.hosts, first).slice(1, 5).join('  ')}`,
  );
  const streamed = contract(
    `memory with a file of ${FILE.megabytes} MB ${first.rss.toFixed(0)} MB; under ${FILE.memory} MB`,
    first.rss < FILE.memory && first.changed > 0,
  );
  return kept && streamed ? 0 : 1;
}

/** Prepares hosts, starts them, measures, and takes everything away. */
async function onHosts(scripts, hosts, file, measure) {
  const folder = join(scratch, `${hosts}${file ? '-file' : ''}`);
  mkdirSync(folder);
  for (const key of ['id_ed25519', 'host_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  }
  if (file) {
    const path = join(folder, 'mirror/release/v1.16.3/bin/linux/amd64');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'kube-proxy'), Buffer.alloc(file.megabytes * 1_000_000, 'kube-proxy\n'));
  }
  const ports = [await freePort(), await freePort()];
  const started = [];
  try {
    const args = [scripts.prepare, folder, String(hosts), ports.join(','), options.cni];
    await run(['--max-old-space-size=12000', ...args, ...(file ? [file.path] : [])]);
    for (const port of ports) started.push(await serve(scripts.hosts, folder, port));
    return await measure(folder, hosts);
  } finally {
    for (const child of started) child.kill();
    rmSync(folder, { recursive: true });
  }
}

/** With few hosts the second of two runs: the first warms the caches of both sides. */
async function noop(folder, hosts) {
  if (hosts <= 100) await up(folder, hosts);
  const found = await up(folder, hosts);
  if (found.changed !== 0) throw new Error(`${found.changed} changes on hosts that need none`);
  return found;
}

async function up(folder, hosts) {
  const meter = join(folder, 'meter.json');
  const inventory = join(folder, 'inventory.yaml');
  const before = performance.now();
  const { stdout } = await run(
    [
      '--require',
      join(root, 'bench/scale/meter.cjs'),
      join(root, 'bin/k8s-bootstrap'),
      'up',
      inventory,
    ].concat(['--json', '--ignore-preflight', 'reachability']),
    { BENCH_METER: meter, HOME: folder },
  );
  const wall = performance.now() - before;
  const summary = JSON.parse(stdout.slice(stdout.trimEnd().lastIndexOf('\n') + 1));
  const lean = summary.hosts.every(({ connections }) => connections === 1);
  if (summary.hosts.length !== hosts || summary.failed > 0 || !lean) {
    throw new Error(`of ${summary.hosts.length} hosts ${summary.failed} failed, or took a second connection`);
  }
  return {
    wall,
    events: stdout.length,
    changed: summary.changed,
    ...JSON.parse(readFileSync(meter, 'utf8')),
  };
}

const cells = (hosts, { wall, cpu, rss, events, work, pause }) => [
  String(hosts),
  (wall / 1000).toFixed(2),
  (cpu / 1000).toFixed(2),
  (cpu / hosts).toFixed(2),
  rss.toFixed(0),
  (events / 1000).toFixed(0),
  work.toFixed(0),
  pause.toFixed(0),
];

const row = (texts) => texts.map((text) => text.padStart(12)).join('');

/** How much more each size costs than the one before, for each host more: 1 is as it should be. */
function ratios(measured) {
  const all = [...measured];
  console.log('\nper host, against the size before');
  for (const [index, [hosts, found]] of all.entries()) {
    const [fewer, before] = all[index - 1] ?? [];
    if (before === undefined) continue;
    const ratio = (key) => (found[key] / hosts / (before[key] / fewer)).toFixed(2);
    const columns = ['wall', 'cpu', undefined, 'rss', 'events'];
    console.log(row([String(hosts), ...columns.map((key) => (key ? ratio(key) : ''))]));
  }
}

function contracts(measured) {
  console.log('');
  const kept = [];
  const hundred = measured.get(100);
  for (const [hosts, { cpu, rss, work }] of measured) {
    const limit = MEMORY[hosts];
    if (limit)
      kept.push(contract(`memory at ${hosts} hosts ${rss.toFixed(0)} MB; under ${limit}`, rss < limit));
    kept.push(
      contract(`longest work at ${hosts} hosts ${work.toFixed(0)} ms; at most ${WORK}`, work <= WORK),
    );
    if (hosts < 100) continue;
    const each = cpu / hosts;
    kept.push(contract(`processor a host at ${hosts} ${each.toFixed(2)} ms; under ${CPU}`, each < CPU));
    if (!hundred || hosts === 100) continue;
    const growth = each / (hundred.cpu / 100);
    kept.push(contract(`the same against 100 hosts ${growth.toFixed(2)}; at most ${NOISE}`, growth <= NOISE));
  }
  return kept.every(Boolean);
}

function contract(text, kept) {
  console.log(`${text}: ${kept ? 'kept' : 'MISSED'}`);
  return kept;
}

/** Starts hosts behind one port; resolves when they listen. */
async function serve(script, folder, port) {
  const child = start([script, folder, String(port)]);
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`simulated hosts ended with ${code}\n${child.text.stderr.join('')}`);
  });
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  return child;
}

async function run(args, env) {
  const child = start(args, env);
  const [code, signal] = await once(child, 'close');
  const [stdout, stderr] = [child.text.stdout.join(''), child.text.stderr.join('')];
  if (code === 0) return { stdout, stderr };
  const last = `${stderr}${stdout}`.trim().split('\n').slice(-3).join('\n').slice(-1000);
  throw new Error(`${args.find((arg) => !arg.startsWith('-'))} ended with ${code ?? signal}\n${last}`);
}

/** A process that is gone after some minutes at the latest, and with this one. */
function start(args, env) {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MINUTES * 60_000,
    killSignal: 'SIGKILL',
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  child.text = { stdout: [], stderr: [] };
  for (const stream of ['stdout', 'stderr'])
    child[stream].on('data', (chunk) => child.text[stream].push(chunk));
  return child;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
process.exitCode = await main();
