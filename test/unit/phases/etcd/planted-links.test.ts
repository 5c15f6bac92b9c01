import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deletingData } from '../../../../src/commands/reset/reset-data.ts';
import { settingAside } from '../../../../src/phases/etcd/set-aside.ts';
import { INTO } from '../../../../src/resources/steps/into.ts';
import { PRIVATE_TMP } from '../../../support/private-tmp.ts';
import { shells } from '../../../support/shells.ts';
import { hostOf, worldOf } from '../world.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'k8sb-links-')));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const at = (path: string): string => join(root, path);

/** What user etcd may change is what anybody may: the kernel asks no more of who is root. */
function ofEtcd(path: string): void {
  mkdirSync(at(path), { recursive: true });
  chmodSync(at(path), 0o777);
}

function file(path: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), 'x');
}

/** A folder of somebody else's, with the names that a member of etcd has. */
const VICTIM = [
  'etc/member/snap/db',
  'etc/wal/0.wal',
  'etc/a.snap',
  'etc/wal.set-aside.1/b',
  'etc/wal.restoring/c',
];
const untouched = (): boolean => VICTIM.every((path) => existsSync(at(path)));

describe.each(shells)('with $name, root', (shell) => {
  const world = (wal: string): ReturnType<typeof worldOf> =>
    worldOf({ inventory: { etcd: { dataDir: at('lib/etcd'), extraArgs: { 'wal-dir': at(wal) } } } });
  const scripts = (wal: string): Record<string, string> => {
    const step = settingAside(world(wal), hostOf(world(wal), 'm1'), 'T');
    // Root's own folder of snapshots is where it is.
    const reset = deletingData(world(wal), hostOf(world(wal), 'm1')).replaceAll(
      '/var/lib/etcd-backup',
      at('backup'),
    );
    return { 'set-aside': step.op === 'run' ? step.script : '', reset };
  };
  const run = (script: string): string => {
    const text = `${PRIVATE_TMP}\nS=${at('state')}\nmkdir -p "$S"\n${INTO}\nset -e\n${script.replace(/^sync$/m, '')}\n`;
    const { stdout, stderr } = spawnSync(shell.path, ['-c', text], { encoding: 'utf8', cwd: '/' });
    return stdout + stderr;
  };

  const planted: Readonly<Record<string, { wal: string; plant: () => void }>> = {
    'a link as the last name': {
      wal: 'fast/wal',
      plant: () => {
        ofEtcd('lib/etcd');
        symlinkSync(at('etc/member'), at('lib/etcd/member'));
        symlinkSync(at('etc/wal'), at('lib/etcd/wal.set-aside.1'));
      },
    },
    'the log within the data swapped for a link': {
      wal: 'lib/etcd/log',
      plant: () => {
        ofEtcd('lib/etcd');
        symlinkSync(at('etc'), at('lib/etcd/log'));
      },
    },
    'a link above the log': {
      wal: 'lib/etcd/sub/wal',
      plant: () => {
        ofEtcd('lib/etcd');
        symlinkSync(at('etc'), at('lib/etcd/sub'));
      },
    },
    'a link above a log that is gone': {
      wal: 'lib/etcd/sub/none',
      plant: () => {
        ofEtcd('lib/etcd');
        file('etc/none.set-aside.1/b');
        symlinkSync(at('etc'), at('lib/etcd/sub'));
      },
    },
  };

  describe.each(Object.entries(planted))('finds %s', (_, { wal, plant }) => {
    it.each(['set-aside', 'reset'])('and touches nothing behind it (%s)', (which) => {
      for (const path of VICTIM) file(path);
      plant();
      const before = readdirSync(at('etc'), { recursive: true }).sort();
      run(scripts(wal)[which] ?? '');
      expect(untouched()).toBe(true);
      expect(readdirSync(at('etc'), { recursive: true }).sort()).toEqual(before);
    });
  });

  it('follows a link of its own, as to another disk', () => {
    for (const disk of ['disk/etcd', 'disk/fast']) ofEtcd(disk);
    const fill = (): void => {
      for (const path of ['disk/etcd/member/snap/db', 'disk/fast/0.wal']) file(path);
    };
    mkdirSync(at('lib'));
    symlinkSync(at('disk/etcd'), at('lib/etcd'));
    symlinkSync(at('disk/fast'), at('fast'));
    fill();
    expect(run(scripts('none')['set-aside'] ?? '')).toBe('');
    expect(existsSync(at('disk/etcd/member.set-aside.T/snap/db'))).toBe(true);
    fill();
    expect(run(scripts('fast')['reset'] ?? '')).toBe('');
    expect(readdirSync(at('disk/etcd'))).toEqual([]);
    expect(readdirSync(at('disk/fast'))).toEqual([]);
  });

  it('deletes a log within the data, and says what stays', () => {
    ofEtcd('lib/etcd');
    for (const path of ['lib/etcd/log/0.wal', 'lib/etcd/member/x', 'lib/etcd/theirs']) file(path);
    expect(run(scripts('lib/etcd/log')['reset'] ?? '')).toBe('');
    expect(readdirSync(at('lib/etcd'), { recursive: true }).sort()).toEqual(['log', 'theirs']);
  });
});
