import { afterAll, expect, it } from 'vitest';
import { hooksOf } from '../../../src/cluster/controller-hook.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import { scratch } from '../../support/ssh-target.ts';

const folder = scratch();
afterAll(() => {
  folder.remove();
});

const inventory = {
  name: 'demo',
  file: folder.file('inventory.yaml', ''),
  hooks: [{}],
} as unknown as Inventory;
const here = (command: string): Promise<unknown> =>
  hooksOf(inventory)!.here(command, 5, new AbortController().signal);

it('a hook on this machine runs in the folder of the inventory, and says what it printed on both outputs', async () => {
  expect(await here('sh -c "pwd; echo wrong >&2; exit 3"')).toEqual({
    code: 3,
    output: `${folder.path}\nwrong\n`,
  });
  expect(await here('env -i sh -c "env; cat"')).toMatchObject({
    code: 0,
    output: expect.not.stringContaining('HOME=') as string,
  });
});

it('an inventory without hooks has none', () => {
  expect(hooksOf({ ...inventory, hooks: [] })).toBeUndefined();
});
