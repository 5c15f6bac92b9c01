import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeFile, removeIn } from '../../../src/kernel/remove.ts';
import { scratch } from '../../support/ssh-target.ts';

describe('removing', () => {
  let place: ReturnType<typeof scratch>;
  beforeEach(() => {
    place = scratch();
    for (const folder of ['users/jane', 'documents'])
      mkdirSync(join(place.path, folder), { recursive: true });
    writeFileSync(join(place.path, 'documents/thesis'), '');
  });
  afterEach(() => {
    place.remove();
  });
  const users = (): string => join(place.path, 'users');
  const thesis = (): boolean => existsSync(join(place.path, 'documents/thesis'));

  it.each(['../documents', '..', '.', '', '/documents', 'jane/../../documents', 'a\0b'])(
    'never leaves its folder: %j',
    async (name) => {
      await expect(removeIn(users(), name)).rejects.toMatchObject({ code: 'E_OUTSIDE' });
      expect([thesis(), existsSync(join(users(), 'jane'))]).toEqual([true, true]);
    },
  );

  it('takes a folder with all in it, a link without what it leads to, and nothing for granted', async () => {
    symlinkSync(join(place.path, 'documents'), join(users(), 'link'));
    for (const name of ['jane', 'link', 'nobody']) await removeIn(users(), name);
    expect([existsSync(join(users(), 'jane')), existsSync(join(users(), 'link')), thesis()]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('goes through no link in the place of the folder', async () => {
    symlinkSync(join(place.path, 'documents'), join(place.path, 'elsewhere'));
    await expect(removeIn(join(place.path, 'elsewhere'), 'thesis')).rejects.toMatchObject({
      code: 'E_OUTSIDE',
    });
    expect(thesis()).toBe(true);
    await removeIn(join(place.path, 'not-there'), 'thesis');
  });

  it('of a file is not that of a folder', async () => {
    await expect(removeFile(join(place.path, 'documents'))).rejects.toThrow();
    await removeFile(join(place.path, 'nothing'));
    expect(thesis()).toBe(true);
  });
});
