// How long it takes to issue many users at once, by the product and by openssl on the same cores: `genrsa`, `req` and
// `x509` for each user, as many at a time as there are cores. Both make RSA keys of 2048 bits and sign with the same
// authority. The product's time is that of a whole process, and holds what openssl does not make: tokens, kubeconfigs,
// manifests, everything synced to the disk. Both take turns, so that whatever else the machine does hits both; medians
// are compared, because the search for primes takes as long as it takes.
// usage: node bench/pki/pki.mjs [RUNS] [USERS]     default 5, 100; needs `npm run build` and openssl
// Exits with 1 when a contract is missed: ratio <= 1.0; the event loop never stands still for more than 20 ms because of
// the product's own work; no serial number and no row of the token file twice, none lost.
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../build/bundle.mjs';

const runs = Number(process.argv[2] ?? 5);
const users = Number(process.argv[3] ?? 100);
const CERTIFICATES = 50;
const PROCESSES = 10;
// Who issues keeps the others waiting, and they wait for 30 s.
const USERS_OF_EACH = 2;
const LONGEST_WORK = 20;
// In dist, because what stays outside of the script is in node_modules above it.
const issuer = fileURLToPath(new URL('../../dist/issue.cjs', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'bench-pki-'));
const authorities = join(scratch, 'authorities');

async function main() {
  writeFileSync(issuer, await bundle('bench/pki/issue.mjs'));
  await issue(authorities, '--authorities');
  console.log(`${users} users at once, ${runs} runs of each, ${availableParallelism()} cores`);
  const times = { product: [], openssl: [], again: [], certificates: [] };
  const stops = { issuing: [], again: [], certificates: [] };
  for (let run = 0; run < runs; run += 1) {
    const turns = [() => product(run, times, stops), () => peer(run, times)];
    for (const turn of run % 2 === 0 ? turns : turns.reverse()) await turn();
    const { wall, ...stop } = await issue(fresh(`certificates-${run}`), '--certificates', CERTIFICATES);
    times.certificates.push(wall);
    stops.certificates.push(stop);
  }
  report(times, stops);
  const together = await manyProcesses();
  const ratio = median(times.product) / median(times.openssl);
  const work = Math.max(...Object.values(stops).map((each) => median(each.map((stop) => stop.longestWork))));
  return [
    contract(`ratio ${ratio.toFixed(2)}; at most 1.00`, ratio <= 1),
    contract(
      `longest work in one go ${work.toFixed(1)} ms; at most ${LONGEST_WORK} ms`,
      work <= LONGEST_WORK,
    ),
    contract(together, true),
  ].every(Boolean)
    ? 0
    : 1;
}

async function product(run, times, stops) {
  const folder = fresh(`product-${run}`);
  const first = await issue(folder, '--users', 0, users);
  check(folder);
  const again = await issue(folder, '--users', 0, users);
  times.product.push(first.wall);
  times.again.push(again.wall);
  stops.issuing.push(first);
  stops.again.push(again);
}

async function peer(run, times) {
  const folder = fresh(`openssl-${run}`);
  const pki = join(authorities, 'pki');
  writeFileSync(
    join(folder, 'extensions'),
    'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
  );
  const one = `set -e
n=$(printf 'user-%03d' "$1")
openssl genrsa -out "$n.key" 2048
openssl req -new -key "$n.key" -subj "/O=devs/CN=$n" -out "$n.csr"
openssl x509 -req -in "$n.csr" -CA "$CA.crt" -CAkey "$CA.key" -set_serial "$1" -days 365 -sha256 -extfile extensions -out "$n.crt"`;
  const script = `seq ${users} | xargs -P ${availableParallelism()} -n 1 sh -c '${one.replaceAll("'", `'\\''`)}' sh`;
  const { wall } = await call('sh', ['-c', script], { cwd: folder, env: { CA: join(pki, 'users-ca') } });
  times.openssl.push(wall);
}

/** Users of one state folder, issued by several processes at once. */
async function manyProcesses() {
  const folder = fresh('together');
  await Promise.all(
    Array.from({ length: PROCESSES }, (_, index) =>
      issue(folder, '--users', index * USERS_OF_EACH, USERS_OF_EACH),
    ),
  );
  check(folder, USERS_OF_EACH * PROCESSES);
  return `${USERS_OF_EACH * PROCESSES} users by ${PROCESSES} processes at once: every serial number and every row once`;
}

/** What was made is there, once; throws otherwise. */
function check(folder, count = users) {
  const ca = new X509Certificate(readFileSync(join(folder, 'pki', 'users-ca.crt')));
  const certificates = readdirSync(join(folder, 'users')).map(
    (name) => new X509Certificate(readFileSync(join(folder, 'users', name, `${name}.crt`))),
  );
  for (const certificate of certificates) {
    if (!certificate.verify(ca.publicKey)) throw new Error(`${certificate.subject} does not verify`);
  }
  const rows = readFileSync(join(folder, 'tokens.csv'), 'utf8').trimEnd().split('\n');
  const remembered = readFileSync(join(folder, 'users.yaml'), 'utf8').match(/serial: .*/g) ?? [];
  unique(
    'serial numbers',
    certificates.map(({ serialNumber }) => serialNumber),
    count,
  );
  unique('serial numbers in users.yaml', remembered, count);
  unique(
    'tokens',
    rows.map((row) => row.split(',')[0]),
    count,
  );
  unique(
    'users with a token',
    rows.map((row) => row.split(',')[1]),
    count,
  );
}

function unique(what, values, count) {
  const different = new Set(values).size;
  if (values.length === count && different === count) return;
  throw new Error(`${what}: ${values.length}, ${different} of them different, instead of ${count}`);
}

function report(times, stops) {
  const list = (each, key) => each.map((stop) => stop[key].toFixed(0)).join(' ');
  const line = (name, walls, each) =>
    console.log(
      [
        name.padEnd(42),
        `median ${String(Math.round(median(walls))).padStart(5)} ms`,
        `fastest ${Math.round(Math.min(...walls))}, slowest ${Math.round(Math.max(...walls))}`,
        ...(each
          ? [`longest work ${list(each, 'longestWork')}, pause ${list(each, 'longestPause')} ms`]
          : []),
      ].join('   '),
    );
  line(`openssl, ${users} users`, times.openssl);
  line(`product, ${users} users`, times.product, stops.issuing);
  line(`product, the same again: nothing to issue`, times.again, stops.again);
  line(`product, ${CERTIFICATES} certificates, no files`, times.certificates, stops.certificates);
}

function contract(text, kept) {
  console.log(`${text}: ${kept ? 'kept' : 'MISSED'}`);
  return kept;
}

/** A folder with the authorities in it, and nothing else. */
function fresh(name) {
  const folder = join(scratch, name);
  cpSync(authorities, folder, { recursive: true });
  return folder;
}

async function issue(folder, ...args) {
  const { wall, stdout } = await call(process.execPath, [issuer, folder, ...args.map(String)]);
  return { wall, ...JSON.parse(stdout.trim() || '{}') };
}

function call(program, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err] = [[], []];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const wall = performance.now() - started;
      const [stdout, stderr] = [out, err].map((chunks) => chunks.join(''));
      if (code === 0) resolve({ wall, stdout });
      else reject(new Error(`${program} ${args.join(' ')}: code ${code}\n${stderr}`));
    });
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
