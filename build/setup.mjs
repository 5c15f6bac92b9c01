// Gets a checkout ready: says in one answer all that this machine lacks, installs packages where they are not those of
// package-lock.json, and builds the program. Any Node must be able to read this file, to be told that it is too old.
// usage: node build/setup.mjs [lab]   lab: for test/lab too, which needs more of a machine
import { spawnSync } from 'child_process';
import { existsSync, readFileSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** What the program needs, then what the lab says for itself. */
function lacking(lab) {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(read('package.json').engines.node).map(Number);
  const [ours, oursMinor] = process.versions.node.split('.').map(Number);
  const found = [];
  if (ours < major || (ours === major && oursMinor < minor))
    found.push(`Node ${major}.${minor} or newer (this is ${process.versions.node})`);
  if (spawnSync('npm', ['--version']).status !== 0) found.push('npm, which comes with Node');
  if (!lab) return found;
  const { stdout, error } = spawnSync('bash', [join(root, 'test/lab/lab.sh'), 'needs'], { encoding: 'utf8' });
  return found.concat(error ? ['bash'] : stdout.split('\n').filter((line) => line !== ''));
}

/** Whether each package is there in the version that the lock file names. */
function isInstalled() {
  const list = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, list))) return false;
  const there = read(list).packages;
  return Object.entries(read('package-lock.json').packages).every(
    ([path, { version, optional }]) =>
      path === '' || optional || (there[path] !== undefined && there[path].version === version),
  );
}

function run(title, program, ...args) {
  console.error(`setup: ${title}`);
  const { status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`setup: ${title} failed: ${[program, ...args].join(' ')}`);
  process.exit(1);
}

const missing = lacking(process.argv[2] === 'lab');
if (missing.length > 0) {
  console.error(`setup: this machine lacks:\n${missing.map((one) => `  - ${one}`).join('\n')}`);
  process.exit(1);
}
if (!isInstalled()) run('installing packages (from the npm registry)', 'npm', 'ci', '--include=dev');
run('building k8s-bootstrap', process.execPath, join('build', 'build.mjs'));
