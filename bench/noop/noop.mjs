// How long a no-op `up` takes, against what the network alone costs: `ssh HOST true` to all hosts at once, in fresh
// processes without a shared connection, by the same user, key, password, jump host and sudo. Both take turns, so that
// whatever else the machine does hits both, and begin when what the last run has left behind (sessions that are closed)
// is over; medians are compared. Node reads what NODE_EXTRA_CA_CERTS names before any program's first line (a system's
// bundle takes 35 ms): what a machine has set there is left out.
// usage: node bench/noop/noop.mjs [INVENTORY] [RUNS]     default demo/inventory.yaml, 15; the cluster must be up
// Exits with 1 when the contract is missed: up <= 1.5 * floor + 150 ms, one connection and one exec a host.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Buffer } from 'node:buffer';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const file = resolve(process.argv[2] ?? join(root, 'demo/inventory.yaml'));
const runs = Number(process.argv[3] ?? 15);
const inventory = load(readFileSync(file, 'utf8'));
const knownHosts = join(dirname(file), '.k8s-bootstrap', inventory.name, 'known_hosts');
const scratch = mkdtempSync(join(tmpdir(), 'bench-noop-'));
const environment = { ...process.env };
delete environment.NODE_EXTRA_CA_CERTS;
/** Milliseconds between two runs. */
const REST = 500;

async function main() {
  const floors = inventory.hosts.map(floorOf);
  const { wall } = await up(); // warms the file caches of both sides
  await floor(floors);
  console.log(`${inventory.hosts.length} hosts, ${runs} runs of each; first up ${wall} ms, not counted`);

  const upTimes = [];
  const floorTimes = [];
  const apart = new Map(floors.map(({ kind }) => [kind, []]));
  let counts = [];
  for (let run = 0; run < runs; run += 1) {
    await sleep(REST);
    const measured = await floor(floors);
    floorTimes.push(measured.wall);
    for (const { kind, milliseconds } of measured.each) apart.get(kind).push(milliseconds);
    await sleep(REST);
    const { wall: upWall, hosts } = await up();
    upTimes.push(upWall);
    counts = hosts;
  }
  return report(upTimes, floorTimes, apart, counts);
}

function report(upTimes, floorTimes, apart, counts) {
  const upMedian = median(upTimes);
  const floorMedian = median(floorTimes);
  const limit = Math.round(1.5 * floorMedian + 150);
  const line = (name, times) =>
    console.log(
      `${name.padEnd(28)} median ${String(median(times)).padStart(5)} ms   fastest ${Math.min(...times)}, slowest ${Math.max(...times)}`,
    );
  for (const [kind, times] of apart) line(`  ssh true, ${kind}`, times);
  line('ssh true to all at once', floorTimes);
  line('up, nothing to do', upTimes);
  console.log(
    `ratio ${(upMedian / floorMedian).toFixed(2)}; contract 1.5 * ${floorMedian} + 150 = ${limit} ms: ${upMedian <= limit ? 'kept' : 'MISSED'}`,
  );
  for (const { name, connections, execs } of counts) {
    console.log(`${name}: ${connections} connection, ${execs} exec`);
  }
  const lean =
    counts.length > 0 && counts.every(({ connections, execs }) => connections === 1 && execs === 1);
  if (!lean) console.log('contract of one connection and one exec a host: MISSED');
  return upMedian <= limit && lean ? 0 : 1;
}

/** All hosts at once; wall time until the last has answered. */
async function floor(floors) {
  const started = performance.now();
  const each = await Promise.all(
    floors.map(async ({ kind, args, env, stdin }) => {
      const { code, milliseconds, stderr } = await run('ssh', args, env, stdin);
      if (code !== 0) throw new Error(`ssh ${args.join(' ')}: code ${code}\n${stderr}`);
      return { kind, milliseconds };
    }),
  );
  return { wall: Math.round(performance.now() - started), each };
}

async function up() {
  const { code, milliseconds, stdout, stderr } = await run('node', [
    join(root, 'bin/k8s-bootstrap'),
    'up',
    file,
    '--json',
  ]);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) || '{}');
  if (code !== 0 || summary.changed !== 0) {
    throw new Error(`up ended with ${code} and ${summary.changed} changes: is the cluster up?\n${stderr}`);
  }
  return { wall: milliseconds, hosts: summary.hosts };
}

/** The command line of ssh that goes the way the product goes. */
function floorOf(host) {
  const ssh = sshOf(host);
  const sudo = ssh.sudo?.password === undefined ? 'sudo -n true' : `sudo -S -p '' true`;
  const command = ssh.user === 'root' ? 'true' : sudo;
  const kind = ssh.jump
    ? 'sudo through a jump host'
    : ssh.password
      ? 'password, then sudo'
      : ssh.sudo
        ? 'sudo'
        : 'key';
  const proxy = ssh.jump ? [`-oProxyCommand=ssh ${jumpArgs(ssh.jump).join(' ')}`] : [];
  return {
    kind,
    args: [...options(ssh), ...proxy, '-l', ssh.user, host.address, command],
    env: ssh.password === undefined ? {} : askpass(ssh.password),
    stdin: ssh.sudo?.password === undefined ? '' : `${ssh.sudo.password}\n`,
  };
}

const sshOf = (host) => ({ ...inventory.ssh, ...host.ssh });

function jumpArgs(name) {
  const host = inventory.hosts.find((one) => one.name === name);
  const ssh = sshOf(host);
  return [...options(ssh), '-W', '%h:%p', '-l', ssh.user, host.address];
}

const options = ({ keys = [], password }) => [
  ...['-F', '/dev/null', '-o', 'ControlPath=none', '-o', 'LogLevel=ERROR', '-o', 'IdentitiesOnly=yes'],
  ...[
    '-o',
    `UserKnownHostsFile=${knownHosts}`,
    '-o',
    'GlobalKnownHostsFile=/dev/null',
    '-o',
    'StrictHostKeyChecking=yes',
  ],
  ...keys.flatMap((key) => ['-i', key]),
  ...(password === undefined ? ['-o', 'BatchMode=yes'] : ['-o', 'PubkeyAuthentication=no']),
];

/** ssh takes a password from a program only: this one prints it. */
function askpass(password) {
  const program = join(scratch, 'askpass');
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' '${password.replaceAll("'", `'\\''`)}'\n`);
  chmodSync(program, 0o700);
  return { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' };
}

function run(program, args, env = {}, stdin = '') {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, { env: { ...environment, ...env }, stdio: 'pipe' });
    const [out, err] = [[], []];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => {
      const milliseconds = Math.round(performance.now() - started);
      resolve({
        code,
        milliseconds,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
    child.stdin.end(stdin);
  });
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
