import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOf, onHost } from '../support/lab.ts';
import { check, told } from '../support/nfs-check.ts';
import { SLOW, TEAM, VOLUMES, setup, standingStorage } from '../support/nfs.ts';

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
