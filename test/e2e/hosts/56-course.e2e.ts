import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chaptersOn } from '../support/course/chapters.ts';
import { walk } from '../support/course/walk.ts';
import { addressOf, command, onHost } from '../support/lab.ts';
import { type Scene, aloneInventory, scene, wipe } from '../support/scene.ts';

// The course's inventory on one host of the lab, which has mirrors of its own and no kubectl v1.17.1.
let here: Scene;

function courseInventory(): string {
  const text = readFileSync(new URL('../../../inventory/course.yaml', import.meta.url), 'utf8');
  const lab = aloneInventory('course');
  // The course says its own of the operating system.
  const settings = lab.slice(lab.indexOf('\nartifacts:\n')).replace(/^os:\n(?: .*\n)*/m, '');
  const changed = text
    .replace('192.168.139.10', addressOf('m1'))
    .replace(/^ {2}kubectl: .*\n/m, '')
    .replace('\n  serviceCIDR: 10.0.0.0/16\n', '\n  serviceCIDR: 10.0.0.0/16\n  cniVersion: v1.2.0\n');
  return `${changed}\n${/^ssh:\n(?: .*\n)+/m.exec(lab)?.[0] ?? ''}\n${settings}`;
}

const curl = (path: string): Promise<{ stdout: string }> =>
  command('curl', ['-sS', '--noproxy', '*', '--max-time', '10', `http://${addressOf('m1')}:8080${path}`]);

beforeAll(async () => {
  await wipe('m1');
  here = scene('course', courseInventory());
});
afterAll(() => {
  here.remove();
});

describe('the course’s cluster', () => {
  it('comes up, and names what it costs', async () => {
    const { code, errors, events } = await here.run(['up', '--accept-new-host-keys']);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    const warnings = events
      .filter(({ type, level }) => type === 'note' && level === 'warn')
      .map(({ message }) => String(message));
    expect(warnings.join('\n')).toMatch(/8080|without login|insecure/);
  });

  it('answers on port 8080 without login, as in the course', async () => {
    const { stdout } = await curl('/api/v1/nodes');
    const { kind, items } = JSON.parse(stdout) as { kind: string; items: { metadata: { name: string } }[] };
    expect({ kind, names: items.map(({ metadata }) => metadata.name) }).toEqual({
      kind: 'NodeList',
      names: ['node1'],
    });
  });

  it('has a kubelet that says ok', async () => {
    expect(await onHost('m1', 'curl -sS localhost:10248/healthz')).toBe('ok');
  });

  it('was started with the course’s flags', async () => {
    const flags = await onHost(
      'm1',
      "tr '\\0' '\\n' < /proc/$(pidof kube-apiserver)/cmdline; tr '\\0' '\\n' < /proc/$(pidof kubelet)/cmdline",
    );
    for (const flag of [
      '--insecure-bind-address=0.0.0.0',
      '--insecure-port=8080',
      '--service-cluster-ip-range=10.0.0.0/16',
      '--disable-admission-plugins=ServiceAccount',
      '--runtime-cgroups=/systemd/system.slice',
      '--kubelet-cgroups=/systemd/system.slice',
    ]) {
      expect(flags.split('\n')).toContain(flag);
    }
  });

  it('runs a pod that was posted with curl, pinned to the node', async () => {
    const image = aloneInventory('x').match(/pause: (\S+)/)?.[1] ?? '';
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pinned' },
      spec: { nodeName: 'node1', containers: [{ name: 'pause', image }] },
    };
    const url = `http://${addressOf('m1')}:8080/api/v1/namespaces/default/pods`;
    await command('curl', [
      '-sS',
      '--noproxy',
      '*',
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify(pod),
      url,
    ]);
    await expect
      .poll(
        async () =>
          (
            JSON.parse((await curl('/api/v1/namespaces/default/pods/pinned')).stdout) as {
              status: { phase: string };
            }
          ).status.phase,
        {
          timeout: 60_000,
          interval: 1000,
        },
      )
      .toBe('Running');
  });

  it.each(chaptersOn('course'))('shows a student what the page of $folder does', async ({ folder }) => {
    const kubeconfig = join(here.state, 'kubeconfig', 'admin.conf');
    const instead = { '192.168.139.10': addressOf('m1') };
    const ground = { kubeconfig, inventory: here.inventory, instead, hosts: { node1: 'm1' } } as const;
    expect(await walk(folder, ground)).toBeGreaterThan(10);
  });

  it('has nothing more to do', async () => {
    const { code, events } = await here.run(['up']);
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'summary', changed: 0 });
    const status = await here.run(['status']);
    expect(status.code, JSON.stringify(status.events.find(({ type }) => type === 'result'))).toBe(0);
  });
});
