import { expect, it } from 'vitest';
import { backupTimer } from '../../../../src/phases/etcd/backup-timer.ts';
import { worldOf } from '../world.ts';

const textsOf = (backup?: object): string[] => {
  const world = worldOf(backup ? { inventory: { etcd: { backup } } } : {});
  return backupTimer(world).map((resource) => {
    const change = resource.diff(world.seen('m1')!, new Map());
    return `${resource.id}\n${change.kind === 'create' ? (change.text?.after ?? '') : ''}`;
  });
};

it('a member takes snapshots of itself where the inventory wants them, and only there', () => {
  expect(textsOf()).toEqual(['without:etcd-backup.timer\n']);
  const texts = textsOf({ every: '30m', keep: 3 });
  expect(texts.map((text) => text.split('\n')[0])).toEqual([
    'directory:/var/lib/etcd-backup',
    'file:/etc/etcd/backup.sh',
    'file:/etc/systemd/system/etcd-backup.service',
    'drop-ins:etcd-backup.service.d',
    'file:/etc/systemd/system/etcd-backup.timer',
    'drop-ins:etcd-backup.timer.d',
    'service:etcd-backup.timer',
  ]);
  expect(texts[2]).toContain('ExecStart=/etc/etcd/backup.sh 3\n');
  expect(texts[4]).toContain('OnUnitActiveSec=30min\n');
});

it('a time that systemd would not take is refused', () => {
  expect(() => textsOf({ every: 'often' })).toThrow('is not a time like 30m, 6h or 1d');
});
