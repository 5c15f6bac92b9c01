// What the product keeps on the hosts of a cluster that is up, as the peers are told it: the files of each host's
// manifest with content, mode and owner, its services, packages and kernel parameters.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';

const MANIFEST = '/var/lib/k8s-bootstrap/manifest';
const SYSCTLS = '/etc/sysctl.d/99-k8s-bootstrap.conf';

/** @param ask runs a script as root on a host and returns what it prints */
export async function wantedOf(host, folder, ask) {
  const manifest = await ask(host, `cat ${MANIFEST}`);
  const paths = manifest
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[1]);
  const stat = await ask(host, `stat -c '%a %U %G %F|%n' -- ${paths.join(' ')}`);
  const entries = [...stat.toString().matchAll(/^(\d+) (\S+) (\S+) ([^|]*)\|(.*)$/gm)].map(
    ([, mode, owner, group, kind, path]) => ({ path, mode: mode.padStart(4, '0'), owner, group, kind }),
  );
  const files = entries.filter(({ kind }) => kind.startsWith('regular'));
  const place = join(folder, host.name);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const archive = await ask(host, `tar -C / -cf - ${files.map(({ path }) => path.slice(1)).join(' ')}`);
  const tar = spawn('tar', ['-C', place, '-xf', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
  tar.stdin.end(archive);
  const [code] = await once(tar, 'close');
  if (code !== 0) throw new Error(`tar of ${host.name}: ${code}`);
  const lines = (path) =>
    readFileSync(join(place, path), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  return {
    files: files.map(({ path, ...rest }) => ({ path, ...rest, src: join(place, path) })),
    directories: entries.filter(({ kind }) => kind === 'directory'),
    services: services(entries.map(({ path }) => path)),
    packages: await packages(host, ask),
    sysctls: lines(SYSCTLS).map((line) => line.split(' = ')),
  };
}

/** Our own units, and those of packages that got a drop-in. */
const services = (paths) =>
  paths.flatMap((path) => {
    const [, unit] = /^\/etc\/systemd\/system\/([^/]+\.service)(?:\.d\/.*)?$/.exec(path) ?? [];
    return unit ? [unit] : [];
  });

/** Those of the host's system that are installed: a runtime has several names. */
async function packages(host, ask) {
  const table = new URL('../../release/host-packages.yaml', import.meta.url);
  const { systems } = load(readFileSync(table, 'utf8'));
  const release = (await ask(host, '. /etc/os-release; echo "$ID ${VERSION_ID%%.*}"')).toString().trim();
  const [id, version] = release.split(' ');
  const system = systems.find(({ ids, versions }) => ids.includes(id) && versions.includes(version));
  const names = [...system.node, system[host.runtime === 'docker' ? 'docker' : 'containerd']];
  const query = `rpm -q --qf '%{NAME}\\n' ${names.join(' ')} || :`;
  const installed = (await ask(host, query)).toString().split('\n');
  return names.filter((name) => installed.includes(name));
}

/** A script on a host, as root by the key of the inventory. */
export const asRoot = (config) => async (host, script) => {
  const child = spawn('ssh', ['-F', config, '-l', 'root', `root-${host.name}`, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000,
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  if (code === 0) return Buffer.concat(chunks);
  throw new Error(`${host.name}: ${basename(script)}: ${code}`);
};
