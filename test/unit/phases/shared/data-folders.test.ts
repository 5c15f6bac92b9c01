import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { etcdPhase } from '../../../../src/phases/etcd/etcd.ts';
import { kubeletPhase } from '../../../../src/phases/node/kubelet.ts';
import { containerdConfig, dockerConfig } from '../../../../src/phases/node/runtime-config.ts';
import type { Phase, World } from '../../../../src/phases/phase.ts';
import {
  type DataFolder,
  closedWay,
  dataFoldersWatch,
  placeOf,
} from '../../../../src/phases/shared/data-folders.ts';
import { observed } from '../../../support/observed.ts';
import { hostOf, worldOf } from '../world.ts';

const folder = mkdtempSync(join(tmpdir(), 'data-folders-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const unitOf = (phase: Phase, world: World, name: string): string => {
  const found = phase
    .resources(world, hostOf(world, 'm1'))
    .find(({ id }) => id === `file:/etc/systemd/system/${name}.service`);
  const change = found?.diff(observed({}), new Map());
  return change && 'text' in change ? change.text.after : '';
};

const CHOSEN = {
  etcd: { dataDir: '/data/etcd' },
  kubelet: { rootDir: '/data/kubelet' },
  runtime: { dataDir: '/data/containers' },
};

const answerTo = (world: World, name: string): string => {
  const [watch] = dataFoldersWatch(world.inventory, hostOf(world, name));
  const script = watch?.kind === 'answer' ? watch.script : '';
  return execFileSync('sh', ['-c', script], {
    encoding: 'utf8',
    env: { ...process.env, D: join(folder, 'probe') },
  });
};

describe('folders for data', () => {
  it('are what components are started with', () => {
    const world = worldOf({ inventory: CHOSEN });
    const etcd = unitOf(etcdPhase, world, 'etcd');
    expect(etcd).toContain('--data-dir=/data/etcd');
    expect(etcd).toContain('/data/etcd/member/wal');
    expect(unitOf(kubeletPhase, world, 'kubelet')).toContain('--root-dir=/data/kubelet');
    expect(unitOf(kubeletPhase, worldOf(), 'kubelet')).not.toContain('--root-dir');
    expect(containerdConfig(world.inventory)).toMatch(/^version = 2\nroot = "\/data\/containers"\n/m);
    expect(JSON.parse(dockerConfig(world.inventory, new Map()))).toMatchObject({
      'data-root': '/data/containers',
    });
  });

  it('are looked at where they will be: at the nearest folder above that exists', () => {
    mkdirSync(join(folder, 'disk'));
    const wanted = join(folder, 'disk/not/yet');
    const world = worldOf({ inventory: { kubelet: { rootDir: wanted } } });
    const output = answerTo(world, 'w1');
    const place = placeOf(observed({ answers: { 'data-folders': { code: 0, output } } }), {
      wanted,
    } as DataFolder);
    expect(place.roomMiB).toBeGreaterThan(0);
    expect(place.options).toContain('rw');
    expect(place.fileSystem).toMatch(/^\w+$/);
  });

  /** Only root may ask as another. */
  it.skipIf(process.getuid?.() !== 0)('above etcd’s are asked for as its user, links and all', () => {
    const closed = join(folder, 'closed');
    mkdirSync(join(closed, 'store'), { recursive: true });
    symlinkSync(join(closed, 'store'), join(folder, 'link'));
    chmodSync(folder, 0o755);
    const asked = (dataDir: string): string | undefined => {
      const output = answerTo(worldOf({ inventory: { etcd: { dataDir } } }), 'm1');
      return closedWay(observed({ answers: { 'data-folders': { code: 0, output } } }), dataDir);
    };
    const [below, linked] = [join(closed, 'store/not/yet'), join(folder, 'link/etcd')];
    chmodSync(closed, 0o750);
    expect([asked(below), asked(linked)]).toEqual([join(closed, 'store'), join(folder, 'link')]);
    chmodSync(closed, 0o751);
    expect([asked(below), asked(linked)]).toEqual([undefined, undefined]);
  });
});
