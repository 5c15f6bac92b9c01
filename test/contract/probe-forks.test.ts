import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probeScript } from '../../src/probe/probe.ts';
import { type OpenExample, openExample } from '../support/example-cluster.ts';
import { shells } from '../support/shells.ts';
import { scratch } from '../support/ssh-target.ts';

/**
 * What a look at a host of the lab costs there: programs, and shells that start some. Every program is a stand-in that writes down
 * its own process and who has started it. To bench/forks, which counts on real hosts, come the `head` that takes the
 * script in, and what sudo makes. A kernel that does not tell its machine would be asked by `uname`, too.
 */
const NAMES =
  'awk cat curl dbus-send df dpkg-query findmnt grep ip iptables iptables-restore readlink rm rpm sha256sum ss stat systemctl timeout uname'.split(
    ' ',
  );
const ACTIVE = `array [
  dict entry(
    work array [
      dict entry(
        interfaces array [
          lo ]
      )
    ]
  )
]`;
const STAND_IN = `#!/bin/sh
name=\${0##*/}
echo "$$ $PPID $name" >> "$CALLS"
case $name in
  systemctl) for unit in firewalld kubelet; do printf 'Id=%s.service\\nActiveState=active\\nMainPID=1\\n\\n' $unit; done ;;
  ip) echo '1: lo    inet 127.0.0.1/8 scope host lo' ;;
  dbus-send) case $* in *.getActiveZones) echo "$ACTIVE" ;; esac ;;
  timeout) shift; "$@" ;;
esac
exit 0
`;

const folder = scratch();
let open: OpenExample;

beforeAll(async () => {
  for (const name of NAMES) chmodSync(folder.file(name, STAND_IN), 0o755);
  folder.file('admin.conf', '    server: https://198.18.0.11:6443\n');
  open = await openExample({
    name: 'lab',
    inventory: 'lab.yaml',
    family: 'debian',
    edit: (text) => text.replace(/^ *checksums:.*\n/m, ''),
  });
});
afterAll(async () => {
  await open.close();
  folder.remove();
});

const scriptFor = (host: string): string =>
  probeScript(open.cluster.watches(host), 'nonce', '127.0.0.1')
    .replace(/^PATH=.*$/m, `PATH=${folder.path}`)
    .replace('D=/run/', `D=${folder.path}/`)
    .replaceAll('/usr/sbin/', `${folder.path}/`)
    .replaceAll('/etc/kubernetes/admin.conf', join(folder.path, 'admin.conf'));

it.each(
  shells.flatMap(({ name, path }) => [
    { name, path, host: 'w2', most: 17 },
    { name, path, host: 'm1', most: 23 },
  ]),
)('a look at $host takes at most $most processes in $name', ({ path, host, most }) => {
  const calls = folder.file('calls', '');
  const { pid, stderr } = spawnSync(path, ['-c', scriptFor(host)], {
    encoding: 'utf8',
    env: { CALLS: calls, ACTIVE, LC_ALL: 'C' },
  });
  const made = readFileSync(calls, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , program]) => program !== 'uname');
  const programs = made.map(([, , program]) => program);
  for (const program of ['systemctl', 'dbus-send', 'iptables', 'sha256sum', 'cat', 'rm']) {
    expect(programs, stderr).toContain(program);
  }
  const processes = new Set(made.flatMap(([own = '', maker = '']) => [own, maker]));
  for (const known of [pid, process.pid]) processes.delete(String(known));
  expect(processes.size, programs.join(' ')).toBeLessThanOrEqual(most);
});

it('takes into variables only what few hosts have: links, a kernel that keeps its machine to itself', () => {
  const taken = ['w2', 'm1'].flatMap((host) => scriptFor(host).match(/`|\$\([^(]\S*/g) ?? []);
  expect([...new Set(taken)].toSorted()).toEqual(['$(readlink', '$(uname']);
});
