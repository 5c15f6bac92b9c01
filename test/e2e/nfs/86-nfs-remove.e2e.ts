import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, kubectl } from '../support/kubectl.ts';
import { onHost, settings } from '../support/lab.ts';
import {
  SERVER,
  SLOW,
  VOLUMES,
  nfs,
  noStorage,
  setup,
  standingStorage,
  writeNfsInventory,
} from '../support/nfs.ts';
import { type Result, repositoryRoot } from '../support/product.ts';

const SPARE = '/srv/spare';

const withSpare = (text: string): string =>
  text.replace('\n  provisioner:\n', `\n    - path: ${SPARE}\n  provisioner:\n`);

/** An export with a file in it, which the inventory does not name any more. */
async function leftExport(): Promise<void> {
  writeNfsInventory(withSpare);
  await setup();
  await onHost('n1', `mkdir -p ${SPARE}/below; echo kept > ${SPARE}/below/file`);
  writeNfsInventory();
}

const errorOf = ({ events }: Result): { code: string; message: string; hint: string } =>
  (events.find(({ type }) => type === 'run.failed')?.['error'] ?? {}) as ReturnType<typeof errorOf>;

const isExported = async (): Promise<boolean> =>
  (await onHost('v1', `showmount -e --no-headers ${SERVER}`)).includes(`${SPARE} `);

const files = (): Promise<string> => onHost('n1', `find ${SPARE} -type f -exec cat {} + 2>/dev/null || :`);

beforeAll(standingStorage, SLOW);
afterAll(async () => {
  await onHost('n1', `rm -rf ${SPARE}`);
  await noStorage();
}, SLOW);

describe('nfs status', () => {
  test('tells what is exported, to whom, who has it mounted, and how much room there is', async () => {
    interface Status {
      problems: string[];
      exports: {
        path: string;
        declared: boolean;
        mountedBy: Record<string, number>;
        space: { freeKiB: number };
      }[];
    }
    const { code, found, stderr } = await nfs('status');
    expect(code, stderr).toBe(0);
    const { problems, exports } = found as Status;
    expect(problems).toEqual([]);
    const entry = exports.find(({ path }) => path === VOLUMES);
    // The provisioner's.
    expect(entry).toMatchObject({ declared: true, mountedBy: { v1: 1 } });
    expect(entry?.space.freeKiB).toBeGreaterThan(1024);
  });
});

describe('nfs remove', () => {
  beforeAll(leftExport, SLOW);

  test('refuses what the inventory still names, and says where', async () => {
    const result = await nfs('remove', VOLUMES);
    expect(result.code).toBe(2);
    expect(errorOf(result)).toMatchObject({ code: 'E_EXPORT_DECLARED' });
    expect(errorOf(result).message).toContain(VOLUMES);
  });

  test('refuses what a node has mounted, and says which', async () => {
    await onHost('v1', `mkdir -p /mnt/e2e; mount -t nfs ${SERVER}:${SPARE} /mnt/e2e`);
    try {
      const result = await nfs('remove', SPARE);
      expect(result.code).toBe(1);
      expect(errorOf(result)).toMatchObject({ code: 'E_EXPORT_IN_USE' });
      expect(errorOf(result).message).toContain(`v1 has ${SERVER}:${SPARE} mounted at /mnt/e2e`);
    } finally {
      await onHost('v1', 'umount /mnt/e2e; rmdir /mnt/e2e');
    }
    expect(await isExported()).toBe(true);
  });

  test('does not delete what nobody confirmed', async () => {
    const result = await nfs('remove', SPARE, '--delete-data');
    expect(errorOf(result)).toMatchObject({ code: 'E_NOT_CONFIRMED' });
    expect([await isExported(), await files()]).toEqual([true, 'kept\n']);
  });

  test('unexports and keeps the files', async () => {
    const { code, found, stderr } = await nfs('remove', SPARE);
    expect(code, stderr).toBe(0);
    expect(found).toMatchObject({ path: SPARE, exported: false, deleted: false });
    expect([await isExported(), await files()]).toEqual([false, 'kept\n']);
    expect(errorOf(await nfs('remove', SPARE))).toMatchObject({ code: 'E_NO_EXPORT' });
  });

  test('deletes them too when told so twice', async () => {
    await leftExport();
    const { code, found, stderr } = await nfs('remove', SPARE, '--delete-data', '--yes');
    expect(code, stderr).toBe(0);
    expect(found).toMatchObject({ path: SPARE, exported: false, deleted: true });
    expect(await onHost('n1', `ls -d ${SPARE} 2>/dev/null || echo gone`)).toBe('gone\n');
  });
});

describe('the examples of docs/examples/nfs', () => {
  const names = ['static-hostpath', 'static-nfs', 'dynamic-claim'];
  const text = names
    .map((name) => readFileSync(join(repositoryRoot, 'docs/examples/nfs', `${name}.yaml`), 'utf8'))
    .join('\n---\n')
    .replaceAll('busybox:1.31', `${settings.controller}:5000/busybox:1.31`)
    .replaceAll('192.168.139.14', SERVER);

  afterAll(async () => {
    await kubectl(['delete', '-f', '-', '--ignore-not-found'], text);
    await onHost('n1', `rm -rf ${VOLUMES}/*`);
  });

  test('work: a pod writes to a folder of its node, to an export, and to a claimed volume', async () => {
    await kubectl(['apply', '-f', '-'], text);
    const pods = ['pod/hostpath-writer', 'pod/nfs-writer', 'pod/dynamic-writer'];
    await kubectl(['wait', '--for=condition=Ready', '--timeout=180s', ...pods]);
    await eventually(async () => {
      expect(await onHost('v1', 'ls /data/hostpath-volume')).toBe('dates\n');
      const written = await onHost('n1', `cd ${VOLUMES}; ls -d dates default-dynamic-claim-*/dates`);
      expect(written).toMatch(/^dates\ndefault-dynamic-claim-pvc-[0-9a-f-]+\/dates\n$/);
    }, 30);
  });
});
