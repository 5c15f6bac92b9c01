import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressOf, command, lab, onHost } from '../support/lab.ts';
import { type Ended, explained, threeMasters, nothingToDo } from '../support/scene.ts';

const { three } = await threeMasters('what stands');

const codes = ({ errors }: Ended): (string | undefined)[] => errors.map(({ code }) => code);
const answer = ({ events }: Ended): unknown => events.find(({ type }) => type === 'result')?.['data'];
const kubectl = (words: string): Promise<string> =>
  onHost('m1', `/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

test('two of three hosts are installed anew, and a backup brings all of it back; up does the rest', async () => {
  const file = join(three.folder, 'whole.db');
  await kubectl('create secret generic before --from-literal=a=kept');
  expect((await three.run(['etcd', 'backup', '--out', file])).code).toBe(0);
  await kubectl('create configmap after');
  const anew = ['w1', 'w2'] as const;
  await Promise.all(anew.map((host) => lab('wipe', host)));
  for (const host of anew) {
    const known = join(three.state, 'known_hosts');
    await command('ssh-keygen', ['-R', addressOf(host), '-f', known]);
  }
  expect(codes(await three.run(['up', '--accept-new-host-keys']))).toEqual(['E_ETCD_DATA_LOST']);
  const restored = await three.run(['etcd', 'restore', file, '--yes']);
  expect(restored.code, explained(restored)).toBe(0);
  expect(answer(restored)).toMatchObject({ unfinished: anew });
  expect(await kubectl('get secret before -o jsonpath={.data.a}')).toBe('a2VwdA==');
  expect(await kubectl('get configmap after --ignore-not-found')).toBe('');
  const rest = await three.run(['up']);
  expect(rest.code, explained(rest)).toBe(0);
  await nothingToDo(three);
  await kubectl('delete secret before');
}, 600_000);
