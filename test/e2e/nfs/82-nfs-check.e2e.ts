import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOf, onHost, settings } from '../support/lab.ts';
import { lines } from '../support/product.ts';
import { SERVER, SLOW, TEAM, VOLUMES, nfs, setup, standingStorage } from '../support/nfs.ts';

interface Problem {
  readonly host: string;
  readonly step: string;
  readonly path: string | null;
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
}

interface Check {
  readonly well: boolean;
  readonly servers: readonly { readonly server: string; readonly missing: readonly string[] }[];
  readonly mounts: readonly {
    readonly node: string;
    readonly export: string;
    readonly result: string;
    readonly version: string | null;
    readonly milliseconds: Readonly<Record<string, number>>;
  }[];
  readonly problems: readonly Problem[];
}

/** What `nfs check v1` finds: the other nodes may have a kernel without NFS. */
async function check(node = 'v1'): Promise<Check & { readonly code: number }> {
  const { code, found, stderr } = await nfs('check', node);
  if (!found) throw new Error(`nfs check ended with ${code}:\n${stderr}`);
  return { ...(found as Check), code };
}

const brief = (problems: readonly Problem[]): string[] =>
  problems.map(({ host, cause, path }) => [host, cause, path ?? ''].join(' ').trim()).sort();

/** All that somebody has to know: what it is, and a remedy. */
const told = (problems: readonly Problem[], cause: string): string =>
  problems
    .filter((problem) => problem.cause === cause)
    .map(({ says, remedy }) => `${says}: ${remedy}`)
    .join('\n');

beforeAll(standingStorage, SLOW);
afterAll(async () => {
  await setup();
});

describe('nfs check', () => {
  test('writes and reads every export on a node, and tells how long it took', async () => {
    const { code, mounts, problems, servers } = await check();
    expect(problems).toEqual([]);
    expect(code).toBe(0);
    expect(servers).toMatchObject([{ server: 'n1', missing: [] }]);
    expect(mounts.map(({ node, export: name, result, version }) => [node, name, result, version])).toEqual([
      ['v1', `n1:${VOLUMES}`, 'ok', '4.2'],
      ['v1', `n1:${TEAM}`, 'ok', '4.2'],
    ]);
    const steps = ['reach', 'list', 'mount', 'write', 'read', 'delete', 'unmount'];
    for (const { milliseconds } of mounts) expect(Object.keys(milliseconds)).toEqual(steps);
  });

  test('names a kernel that cannot mount', async () => {
    const lacks = (await onHost('w1', 'grep -cw nfs /proc/filesystems || :')).trim() === '0';
    const { code, problems } = await check('w1');
    expect([...new Set(problems.map(({ cause }) => cause))]).toEqual(lacks ? ['kernel-without-nfs'] : []);
    expect(code).toBe(lacks ? 1 : 0);
  });

  test('leaves nothing behind', async () => {
    // The provisioner has a volume of its own.
    const left = `grep ' nfs4* ' /proc/mounts | grep -v ' /var/lib/kubelet/'; ls -A /run | grep -v '^k8s-bootstrap-balancer[.]pid$' | grep -i k8s-bootstrap || :`;
    expect(await onHost('v1', left)).toBe('');
    expect(await onHost('n1', `ls -A ${VOLUMES} '${TEAM}' | grep -i check || :`)).toBe('');
  });
});

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

  test('a firewall, and the port that it closes', async () => {
    const rule = `INPUT -s ${addressOf('v1')} -p tcp`;
    const rules = [
      `${rule} --dport 2049 -j REJECT --reject-with icmp-host-prohibited`,
      `${rule} --dport 20048 -j DROP`,
    ];
    await onHost('n1', rules.map((text) => `iptables -I ${text}`).join('\n'));
    try {
      const { problems } = await check();
      // What the provisioner has mounted hangs meanwhile, and is told as well.
      const dialled = problems.filter(({ step }) => step.startsWith('dial'));
      expect([...new Set(dialled.map(({ host, cause }) => `${host} ${cause}`))]).toEqual(['v1 firewall']);
      expect(told(problems, 'firewall')).toMatch(/port 2049/);
      expect(told(problems, 'firewall')).toMatch(/port 20048/);
    } finally {
      await onHost('n1', rules.map((text) => `iptables -D ${text}`).join('\n'));
    }
  });
});
