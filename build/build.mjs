// Makes `dist/`: the program as one script, what it seldom needs, and V8's code of it. See
// docs/decisions/026-one-bundle.md.
// usage: node build/build.mjs
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dist, file } from '../bin/load.cjs';
import { APART, bundleWithPackages } from './bundle.mjs';
import { licensesOf } from './licenses.mjs';
import { nowhere } from './nowhere.mjs';

const [program, ...apart] = await Promise.all(['src/cli/main.ts', ...APART].map(bundleWithPackages));
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(file, program.text);
for (const [index, { text }] of apart.entries()) writeFileSync(join(dist, `${APART[index]}.cjs`), text);
writeFileSync(join(dist, 'LICENSES'), licensesOf([program, ...apart].flatMap(({ packages }) => packages)));

// A plan for hosts that fail every command runs most of what every run runs.
const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-build-'));
const inventory = join(folder, 'inventory.yaml');
const { port, hostKey, close } = await nowhere();
const password = '${env:PASSWORD}';
const ssh = { port, hostKey, agent: false, keys: [], password };
const hosts = [
  { name: 'm1', address: 'localhost', ip: '192.0.2.1', roles: ['master', 'etcd'], ssh },
  {
    name: 'w1',
    address: '192.0.2.2',
    roles: ['worker'],
    ssh: { ...ssh, sudo: { password }, jump: 'm1' },
  },
];
writeFileSync(inventory, JSON.stringify({ name: 'nowhere', hosts }));
const warmUp = fileURLToPath(new URL('warm-up.mjs', import.meta.url));
const { stdout, stderr } = await promisify(execFile)(
  process.execPath,
  [warmUp, 'plan', inventory, '--json'],
  {
    env: { ...process.env, PASSWORD: 'none' },
  },
).catch((error) => error);
close();
rmSync(folder, { recursive: true });

if (!stdout.includes('"plan.ready"'))
  throw new Error(`the warm-up did not come to a plan:\n${stdout}${stderr}`);
