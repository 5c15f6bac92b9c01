// How many processes a no-op `up` makes on each host of the lab, which programs they run and how long those are on a
// core, and how long the controller is. The hosts are containers on this machine, so perf sees their processes: those
// under the sshd of each. What sshd itself forks for a login is told apart: any other login costs it too; that of m1
// holds the connection through which w2 is reached.
// usage: node bench/forks/forks.mjs [INVENTORY] [RUNS]     default inventory/lab.yaml, 10; the lab's cluster must be up
// Needs root, perf, bash and `npm run build`. K8SB_LAB_INSTANCE says which lab.
// Exits with 1 when a contract is missed: at most 19 forks on a worker and 24 on a master, the controller at most 0.18 s.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { record } from './perf.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const file = resolve(process.argv[2] ?? join(root, 'inventory/lab.yaml'));
const runs = Number(process.argv[3] ?? 10);
const { hosts } = load(readFileSync(file, 'utf8'));
const lab = `k8sb-lab${process.env.K8SB_LAB_INSTANCE > 0 ? `-${process.env.K8SB_LAB_INSTANCE}` : ''}`;
const command = ['node', join(root, 'bin/k8s-bootstrap'), 'up', file, '--json'];
const scratch = mkdtempSync(join(tmpdir(), 'bench-forks-'));
const FORKS = { master: 24, worker: 19 };
const SECONDS = 0.18;
/** Milliseconds between two runs. */
const REST = 500;
delete process.env.NODE_EXTRA_CA_CERTS;

async function main() {
  const listeners = new Map(hosts.map(({ name }) => [name, listenerOf(name)]));
  await controller(); // warms the file caches of both sides
  const seen = new Map(hosts.map(({ name }) => [name, []]));
  const seconds = [];
  for (let run = 0; run < runs; run += 1) {
    await sleep(REST);
    seconds.push(await controller());
    await sleep(REST);
    const processes = await record(join(scratch, 'perf.data'), command);
    for (const [name, pid] of listeners) seen.get(name).push(below(processes, pid));
  }
  console.log(`${hosts.length} hosts, ${runs} runs; processes and ms on a core are medians of all runs`);
  const kept = hosts.map((host) => report(host, seen.get(host.name)));
  const list = seconds.map((each) => each.toFixed(3)).join(' ');
  console.log(`\ncontroller, user and system: ${list}`);
  const middle = median(seconds);
  kept.push(contract(`controller ${middle.toFixed(3)} s; at most ${SECONDS}`, middle <= SECONDS));
  return kept.every(Boolean) ? 0 : 1;
}

/** The process that waits for logins in a host's container. */
function listenerOf(name) {
  const place = `/${lab}/${name}/`;
  const parent = (pid) => /^PPid:\s+(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
  const isSshd = (pid) => read(`/proc/${pid}/comm`).trim() === 'sshd';
  const found = readdirSync('/proc').find(
    (pid) => isSshd(pid) && read(`/proc/${pid}/cgroup`).includes(place) && !isSshd(parent(pid)),
  );
  if (found === undefined) throw new Error(`no sshd runs in ${lab} on ${name}: is the lab up?`);
  return found;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** All processes that were born under one, with what each ran last, or what its maker does. */
function below(processes, top) {
  const found = new Map([[top, { program: 'sshd' }]]);
  for (let known = 0; known < found.size;) {
    known = found.size;
    for (const [pid, { parent, born, names, ms }] of processes) {
      const maker = found.get(parent);
      if (!born || !maker || found.has(pid)) continue;
      const program = names.at(-1) ?? maker.program;
      const name = names.length > 0 ? program : `${program}, forked`;
      found.set(pid, { maker: maker.program, program, name, ms });
    }
  }
  found.delete(top);
  return [...found.values()];
}

function report({ name, roles }, each) {
  const isLogin = ({ maker }) => maker === 'sshd';
  const count = (test) => median(each.map((processes) => processes.filter(test).length));
  const time = (test) => median(each.map((processes) => sum(processes.filter(test).map(({ ms }) => ms))));
  console.log(`\n${name}, ${roles.join(' and ')}`);
  const names = new Set(each.flat().map((process) => process.name));
  const rows = [...names].map((program) => {
    const test = (process) => process.name === program;
    return { program, count: count(test), ms: time(test) };
  });
  for (const { program, count: times, ms } of rows.sort((a, b) => b.ms - a.ms)) {
    console.log(`  ${program.padEnd(24)} ${String(times).padStart(3)}   ${ms.toFixed(1).padStart(6)} ms`);
  }
  const forks = count((process) => !isLogin(process));
  console.log(
    `  all ${count(() => true)} processes, ${time(() => true).toFixed(1)} ms; sshd forks ${count(isLogin)} of them`,
  );
  const limit = roles.includes('master') ? FORKS.master : FORKS.worker;
  return contract(`${name}: ${forks} forks; at most ${limit}`, forks <= limit);
}

/** Seconds of user and system time of one run; throws when it had something to do. */
async function controller() {
  const child = spawn('bash', ['-c', `TIMEFORMAT='%3U %3S'; time "$@"`, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const [out, err] = [[], []];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  const [code] = await once(child, 'close');
  const summary = JSON.parse(Buffer.concat(out).toString().trim().split('\n').at(-1) || '{}');
  const said = Buffer.concat(err).toString();
  if (code !== 0 || summary.changed !== 0 || summary.failed !== 0) {
    throw new Error(`up ended with ${code} and ${summary.changed} changes: is the cluster up?\n${said}`);
  }
  return sum(said.trim().split('\n').at(-1).split(' ').map(Number));
}

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

function contract(text, kept) {
  console.log(`${text}: ${kept ? 'kept' : 'MISSED'}`);
  return kept;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

try {
  process.exitCode = await main();
} finally {
  rmSync(scratch, { recursive: true });
}
