import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { dataFolders, dataFoldersWatch, toldFolder } from '../../../../src/phases/shared/data-folders.ts';
import { serviceRangeWatch, startedRange } from '../../../../src/phases/shared/service-range.ts';
import type { Watch } from '../../../../src/probe/observe.ts';
import { selinuxBoolean } from '../../../../src/resources/selinux-boolean.ts';
import { observed } from '../../../support/observed.ts';
import { shells } from '../../../support/shells.ts';
import { hostOf, worldOf } from '../world.ts';

const root = mkdtempSync(join(tmpdir(), 'value-in-file-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  rmSync(join(root, 'etc'), { recursive: true, force: true });
  rmSync(join(root, 'sys'), { recursive: true, force: true });
});

const put = (path: string, content: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};

const world = worldOf();
const host = hostOf(world, 'm1');

describe.each(shells)('asked by $name, which has no other program', ({ path: shell }) => {
  /** What a host with these files answers; there is nothing on its PATH. */
  const ask = (watches: readonly Watch[]): ReturnType<typeof observed> => {
    const answers = watches.flatMap((watch) => {
      if (watch.kind !== 'answer') return [];
      const script = watch.script.replaceAll(/(?<![\w/])\/(etc|sys)\//g, `${root}/$1/`);
      const output = execFileSync(shell, ['-c', script], {
        encoding: 'utf8',
        env: { PATH: root },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return [[watch.key, { code: 0, output: output.trim() }] as const];
    });
    return observed({ answers: Object.fromEntries(answers) });
  };
  const told = (part: string): string | undefined => {
    const folder = dataFolders(world.inventory, host).find((one) => one.part === part);
    return folder && toldFolder(ask(dataFoldersWatch(world.inventory, host)), folder);
  };

  it.each([
    [
      'etcd',
      'etc/systemd/system/etcd.service',
      '# a note\n  --data-dir=/data/etcd \\\n  --name=m1',
      '/data/etcd',
    ],
    ['etcd', 'etc/systemd/system/etcd.service', 'ExecStart=etcd --data-dir=/d\\\n --data-dir=/other\n', '/d'],
    ['kubelet', 'etc/systemd/system/kubelet.service', 'ExecStart=kubelet --root-dir=/k', '/k'],
    ['docker', 'etc/docker/daemon.json', '{"a":"b","data-root" :  "/big disk/x","c":"d"}', undefined],
    ['docker', 'etc/docker/daemon.json', '{\n  "x": "y",\n  "data-root": "/x",\n  "z": "w" }\n', '/x'],
    ['docker', 'etc/docker/daemon.json', '{ "data-root": 5 }\n', undefined],
    ['containerd', 'etc/containerd/config.toml', 'version = 2\nroot = "/c"\nstate = "/s"\n', '/c'],
    ['containerd', 'etc/containerd/config.toml', 'root="/c"', '/c'],
    ['containerd', 'etc/containerd/config.toml', 'rootless = "/c"\n # root = "/d"\n', undefined],
  ])('%s is told by %s, if at all', (part, file, content, folder) => {
    put(file, content);
    expect(told(part)).toBe(folder);
  });

  it('a part is told to be where it is by default, or not to be there', () => {
    put('etc/systemd/system/etcd.service', 'ExecStart=etcd\n');
    put('etc/systemd/system/kubelet.service', 'ExecStart=kubelet --root-dir=/k\n');
    expect([told('etcd'), told('kubelet'), told('docker')]).toEqual(['/var/lib/etcd', '/k', undefined]);
  });

  it('the range of services is that of the API server', () => {
    const range = (): string | undefined => startedRange(ask(serviceRangeWatch(host)));
    expect(range()).toBeUndefined();
    put('etc/systemd/system/kube-apiserver.service', 'ExecStart=kube-apiserver\n');
    expect(range()).toBeUndefined();
    const unit =
      '# why\n  --service-cluster-ip-range=10.96.0.0/12 \\\n  --service-cluster-ip-range=10.0.0.0/8\n';
    put('etc/systemd/system/kube-apiserver.service', unit);
    expect(range()).toBe('10.96.0.0/12');
  });

  it('a switch of SELinux is as the kernel has it, which ends no line', () => {
    const kind = (): string => selinuxBoolean('b').diff(ask(selinuxBoolean('b').watches), new Map()).kind;
    expect(kind()).toBe('none');
    put('sys/fs/selinux/booleans/b', '0 0');
    expect(kind()).toBe('update');
    put('sys/fs/selinux/booleans/b', '1 1');
    expect(kind()).toBe('none');
  });
});
