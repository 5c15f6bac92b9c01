import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endPods } from '../../../../src/commands/reset/scripts/pods.ts';
import { formerUnits, withoutPackages } from '../../../../src/commands/reset/scripts/settings.ts';
import { shells } from '../../../support/shells.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** What a script does with units and packages, and what it says is left; `there` stands for programs of the host. */
function played(shell: string, script: string, there: string): string[] {
  const log = join(temporaryFolder(), 'log');
  writeFileSync(log, '');
  const stubs = `
systemctl() { case $1 in show) echo LoadState=loaded ;; daemon-reload) ;; *) echo "systemctl $*" >> ${log} ;; esac; }
rpm() { case $1 in -q) ;; *) echo "rpm $*" >> ${log} ;; esac; }
command() { :; }
docker() { :; }
ctr() { :; }
exportfs() { :; }
${there}`;
  // What is left is told by a function that a script brings along.
  const said = script.replace(/^left\(\).*$/gm, `left() { echo "left: $1" >> ${log}; }`);
  execFileSync(shell, ['-ec', `${stubs}\n${said}`]);
  return readFileSync(log, 'utf8').split('\n').filter(Boolean);
}

const unit = (key: string): Parameters<typeof formerUnits>[0][number] => ({
  kind: 'unit',
  key,
  value: 'ActiveState=inactive UnitFileState=disabled',
});

const CONTAINERS = 'docker() { echo 0123abcd; }';
const EXPORTS = 'exportfs() { [ "$*" != "" ] || echo "/srv/theirs 192.0.2.0/24"; }';

describe.each(shells)('a reset with $name as sh', ({ path }) => {
  it.each([
    ['docker.service', CONTAINERS],
    ['nfs-server.service', EXPORTS],
    ['rpcbind.socket', EXPORTS],
  ])('leaves %s running and at boot while others use it', (name, there) => {
    const script = formerUnits([unit(name)], new Set());
    expect(played(path, script, there)).toEqual([
      expect.stringMatching(/^left: .* runs on .* others use it/),
    ]);
    expect(played(path, script, '')).toEqual([
      `systemctl -q disable -- ${name}`,
      `systemctl stop -- ${name}`,
    ]);
  });

  it('keeps packages of what others use, and removes the rest', () => {
    const script = withoutPackages('yum', ['docker-ce', 'containerd.io', 'nfs-utils', 'socat']);
    expect(played(path, script, '')).toEqual(['rpm -e docker-ce containerd.io nfs-utils socat']);
    expect(played(path, script, `${CONTAINERS}\n${EXPORTS}`)).toEqual([
      ...['docker-ce', 'containerd.io', 'nfs-utils'].map(
        (name) => `left: package ${name} stays, for others use it`,
      ),
      'rpm -e socat',
    ]);
  });

  it('ends what runs in pods of this host, and not of a cluster that runs in containers', () => {
    const root = temporaryFolder();
    const groups: Record<string, number> = {
      'memory/kubepods/burstable/pod1/a': 999_001,
      'systemd/kubepods.slice/kubepods-pod2.slice/docker-b.scope': 999_002,
      'memory/docker/c/kubepods/pod3/d': 999_003,
      'systemd/system.slice/docker-e.scope/kubepods.slice/pod4': 999_004,
    };
    for (const [group, process] of Object.entries(groups)) {
      const file = join(root, group, 'cgroup.procs');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${process}\n`);
    }
    const [, find = ''] = /^(of_pods\(\).*)$/m.exec(endPods) ?? [];
    const found = execFileSync(path, ['-ec', `${find.replaceAll('/sys/fs/cgroup', root)}\nof_pods`], {
      encoding: 'utf8',
    });
    expect(found).toBe('999001\n999002\n');
  });
});
