// Makes `dist/`: the program as one script, and V8's code of it. See docs/decisions/026-one-bundle.md.
// usage: node build/build.mjs
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dist, file } from '../bin/load.mjs';
import { bundle } from './bundle.mjs';

const text = await bundle('src/cli/main.ts');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(file, text);

// A plan for hosts that are not there runs most of what every run runs.
const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-build-'));
const inventory = join(folder, 'inventory.yaml');
const password = '${env:PASSWORD}';
const hosts = [
  {
    name: 'm1',
    address: 'localhost',
    ip: '192.0.2.1',
    roles: ['master', 'etcd'],
    ssh: { port: 1, password },
  },
  {
    name: 'w1',
    address: 'localhost',
    ip: '192.0.2.2',
    roles: ['worker'],
    ssh: { port: 2, password, sudo: { password }, jump: 'm1' },
  },
];
writeFileSync(inventory, JSON.stringify({ name: 'nowhere', hosts }));
const warmUp = fileURLToPath(new URL('warm-up.mjs', import.meta.url));
const { stdout, stderr } = spawnSync(process.execPath, [warmUp, 'plan', inventory, '--json'], {
  encoding: 'utf8',
  env: { ...process.env, PASSWORD: 'none' },
});
rmSync(folder, { recursive: true });
if (!stdout.includes('"plan.ready"'))
  throw new Error(`the warm-up did not come to a plan:\n${stdout}${stderr}`);
