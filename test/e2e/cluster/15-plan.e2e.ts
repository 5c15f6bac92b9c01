import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { onHost } from '../support/lab.ts';
import { failures, k8sb, lines, standingCluster, up, withInventory, workFolder } from '../support/product.ts';
import { hostTrees, localTree } from '../support/trees.ts';
import { moved, startsOf } from '../support/units.ts';

const UNIT = '/etc/systemd/system/kube-apiserver.service';
const withLongerEvents = (text: string): string =>
  text.replace('\napiServer:\n', '\napiServer:\n  extraArgs: { event-ttl: 2h0m0s }\n');

beforeAll(standingCluster);

test('a plan without changes leaves hosts and controller as they are, to the byte', async () => {
  const before = { hosts: await hostTrees(), controller: localTree(workFolder) };
  const plan = await k8sb(['plan', '--detailed-exitcode']);
  expect(plan.code, failures(plan)).toBe(0);
  expect(localTree(workFolder)).toEqual(before.controller);
  expect(await hostTrees()).toEqual(before.hosts);
  expect(before.hosts['m1']!.length).toBeGreaterThan(1000);
});

describe('with one flag of the API server changed', () => {
  const wanted = [`m1 file:${UNIT} update`, 'm1 service:kube-apiserver.service restart'];

  test('plan shows the diff and the one restart with its reason, exits with 3, and touches nothing', () =>
    withInventory(withLongerEvents, async () => {
      const before = {
        hosts: await hostTrees(),
        controller: localTree(workFolder),
        starts: await startsOf(),
      };
      const plan = await k8sb(['plan', '--detailed-exitcode']);
      expect(plan.code, failures(plan)).toBe(3);
      expect(lines(plan.planned)).toEqual(wanted);
      const [unit, service] = plan.planned;
      expect(unit!.text!.before).not.toContain('event-ttl');
      expect(unit!.text!.after).toContain('--event-ttl=2h0m0s');
      expect(service!.because).toEqual([`${UNIT} changes`]);
      expect(await hostTrees()).toEqual(before.hosts);
      expect(localTree(workFolder)).toEqual(before.controller);
      expect(moved(before.starts, await startsOf())).toEqual([]);
    }));

  test('plan says it to people as a unified diff', () =>
    withInventory(withLongerEvents, async () => {
      const { code, stdout } = await k8sb(['plan'], { text: true });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^\s*\+\s+--event-ttl=2h0m0s/m);
      expect(stdout).not.toMatch(/^\s*-\s+--/m);
      expect(stdout).toMatch(/kube-apiserver\.service.*restart|restart.*kube-apiserver\.service/);
    }));

  test('a plan that was kept is refused when a host has moved, else carried out, and taken back the same way', async () => {
    const start = await startsOf();
    const kept = join(workFolder, 'plan.json');
    await withInventory(withLongerEvents, async () => {
      const plan = await k8sb(['plan', '--out', kept]);
      expect(plan.code, failures(plan)).toBe(0);
      expect(statSync(kept).mode & 0o777).toBe(0o600);
      await onHost('m1', `cp -p ${UNIT} /root/unit && echo '# by hand' >> ${UNIT}`);
      const refused = await k8sb(['up', '--plan', kept]);
      await onHost('m1', `cp -p /root/unit ${UNIT} && rm /root/unit`);
      expect(refused.code).toBe(1);
      const { error } = refused.events.find(({ type }) => type === 'run.failed') as unknown as {
        error: { code: string; message: string };
      };
      expect(error.code).toBe('E_PLAN_MOVED');
      expect(error.message).toContain(`m1: ${UNIT} is not as it was`);
      expect(moved(start, await startsOf())).toEqual([]);
      const result = await up('--plan', kept);
      expect(lines(result.planned)).toEqual(wanted);
      expect(result.summary).toMatchObject({ changed: 2, failed: 0 });
      expect(
        result.summary.hosts.flatMap(({ name, restarted }) => restarted.map((unit) => `${name} ${unit}`)),
      ).toEqual(['m1 kube-apiserver.service']);
    });
    const middle = await startsOf();
    expect(moved(start, middle)).toEqual(['m1 kube-apiserver.service']);
    expect(await onHost('m1', 'tr "\\0" "\\n" < /proc/$(pidof kube-apiserver)/cmdline')).toContain(
      '--event-ttl=2h0m0s\n',
    );
    expect(lines((await up()).planned)).toEqual(wanted);
    expect(moved(middle, await startsOf())).toEqual(['m1 kube-apiserver.service']);
    expect(await onHost('m1', 'tr "\\0" "\\n" < /proc/$(pidof kube-apiserver)/cmdline')).not.toContain(
      'event-ttl',
    );
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });
});

test('up --limit changes one host, and says what waits on the others', async () => {
  const loud = (text: string): string =>
    text.replace('\nkubeProxy:\n', "\nkubeProxy:\n  extraArgs: { v: '3' }\n");
  const start = await startsOf();
  await withInventory(loud, async () => {
    const { events, summary } = await up('--limit', 'w1');
    expect(summary).toMatchObject({ changed: 2, failed: 0 });
    const notes = events.filter(({ type }) => type === 'note').map(({ message }) => String(message));
    for (const host of ['m1', 'w2']) {
      expect(notes.join('\n')).toMatch(new RegExp(`^${host} is left as it is .*kube-proxy.service`, 'm'));
    }
  });
  const middle = await startsOf();
  expect(moved(start, middle)).toEqual(['w1 kube-proxy.service']);
  expect((await up()).summary).toMatchObject({ changed: 2 });
  expect(moved(middle, await startsOf())).toEqual(['w1 kube-proxy.service']);
});
