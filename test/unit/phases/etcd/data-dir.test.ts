import { expect, it } from 'vitest';
import { preparing, swapping } from '../../../../src/phases/etcd/restoring.ts';
import { settingAside } from '../../../../src/phases/etcd/set-aside.ts';
import { etcdPhase } from '../../../../src/phases/etcd/etcd.ts';
import { bytes } from '../../../../src/resources/content.ts';
import type { Step } from '../../../../src/resources/step.ts';
import { hostOf, sight, worldOf } from '../world.ts';

const scripts = (steps: readonly Step[]): string[] =>
  steps.flatMap((step) => (step.op === 'run' ? [step.script] : []));

it.each([undefined, '/data/etcd'])(
  'data in %s is set aside, made and swapped there and nowhere else',
  (dataDir) => {
    const world = worldOf({ inventory: { etcd: { dataDir } } });
    const host = hostOf(world, 'm1');
    const [here, elsewhere] =
      dataDir === undefined ? ['/var/lib/etcd', '/data/etcd'] : [dataDir, '/var/lib/etcd'];
    const all = scripts([
      settingAside(world, host, '1'),
      preparing(world, host, bytes('x'), 'token'),
      ...swapping(world, host, '1'),
    ]);
    expect(all).toHaveLength(4);
    for (const script of all) {
      expect(script).toContain(`${here}/`);
      expect(script).not.toContain(elsewhere);
    }
    const unit = etcdPhase
      .resources(world, host)
      .find(({ id }) => id === 'file:/etc/systemd/system/etcd.service')
      ?.diff(sight({}), new Map());
    expect(unit?.kind === 'create' ? unit.text?.after : '').toContain(`WorkingDirectory=${here}\n`);
  },
);
