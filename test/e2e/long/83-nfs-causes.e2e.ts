import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOf, onHost, settings } from '../support/lab.ts';
import { lines } from '../support/product.ts';
import { SERVER, SLOW, TEAM, VOLUMES, noStorage, setup, standingStorage } from '../support/nfs.ts';
import { brief, check, told } from '../support/nfs-check.ts';

/** More causes than nfs/82-nfs-check, each made on the server; emulated processors take minutes for them. */

beforeAll(standingStorage, SLOW);
afterAll(async () => {
  await setup();
  await noStorage();
}, SLOW);

describe('nfs check names', () => {
  test('rpcbind that does not answer, and nfs setup mends it', async () => {
    await onHost('n1', 'systemctl stop rpcbind.socket rpcbind.service');
    const { code, problems } = await check();
    expect(code).toBe(1);
    expect(brief(problems)).toContain('v1 rpcbind-silent');
    expect(told(problems, 'rpcbind-silent')).toMatch(/rpcbind does not answer.*nfs setup/s);
    await setup();
    expect((await check()).problems).toEqual([]);
  });

  test('an export that is not listed, and access denied by the server', async () => {
    await onHost(
      'n1',
      `exportfs -u '${settings.net}.0/24:${TEAM}'; exportfs -u '${addressOf('v1')}:${VOLUMES}'`,
    );
    const { problems } = await check();
    expect(brief(problems)).toEqual(
      expect.arrayContaining([`v1 access-denied ${VOLUMES}`, `v1 not-listed ${TEAM}`]),
    );
    expect(told(problems, 'access-denied')).toMatch(/access denied by server.*clients/s);
    expect(told(problems, 'not-listed')).toMatch(/does not export \/srv\/team files.*nfs setup/s);
    const { planned } = await setup();
    expect(lines(planned)).toEqual(['n1 exports update']);
    expect((await check()).problems).toEqual([]);
  });

  test('a stale handle of what is mounted already', async () => {
    await onHost('n1', `mkdir ${VOLUMES}/e2e-stale`);
    try {
      await onHost(
        'v1',
        `mkdir -p /mnt/e2e; mount -t nfs -o noac,soft,timeo=50 ${SERVER}:${VOLUMES}/e2e-stale /mnt/e2e; ls /mnt/e2e`,
      );
      await onHost('n1', `rmdir ${VOLUMES}/e2e-stale`);
      const { problems } = await check();
      expect(brief(problems)).toEqual([`v1 stale-handle ${SERVER}:${VOLUMES}/e2e-stale at /mnt/e2e`]);
      expect(told(problems, 'stale-handle')).toMatch(/stale file handle.*umount -l/s);
    } finally {
      await onHost('v1', 'umount -l /mnt/e2e; rmdir /mnt/e2e');
    }
  });
});
