import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labInventory, onHost, settings } from '../support/lab.ts';
import { type Scene, filesBelow, scene, wipe } from '../support/scene.ts';

let here: Scene;

const RANGE = `${settings.net}.11-13`;
const init = (...more: readonly string[]): readonly string[] => [
  'init',
  '--key',
  settings.key,
  '--from',
  'lab.yaml',
  ...more,
];

beforeAll(async () => {
  await wipe('m1', 'w1', 'w2');
  await onHost('w2', "echo '192.0.2.50 registry.office' >> /etc/hosts");
  here = scene('k8s');
  writeFileSync(join(here.folder, 'lab.yaml'), labInventory());
});
afterAll(() => {
  here.remove();
});

describe('init', () => {
  it('of hosts that nobody has vouched for writes nothing', async () => {
    const { code, errors } = await here.run(init(RANGE));
    expect({ code, codes: new Set(errors.map((error) => error.code)) }).toEqual({
      code: 1,
      codes: new Set(['E_HOST_KEY_UNKNOWN', 'E_UNREACHABLE']),
    });
    expect(existsSync(here.inventory)).toBe(false);
    expect(filesBelow(join(here.folder, '.k8s-bootstrap'))).toEqual([]);
  });

  it('with a host that cannot be reached writes nothing, and names it', async () => {
    const { code, errors } = await here.run(
      init(`${settings.net}.11`, `${settings.net}.99`, '--accept-new-host-keys'),
    );
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatchObject({
      code: 'E_UNREACHABLE',
      message: expect.stringContaining(`${settings.net}.99`) as string,
    });
    expect(existsSync(here.inventory)).toBe(false);
  });

  it('by an interface that a host does not have writes nothing, and names those it has', async () => {
    const { code, errors } = await here.run(init(RANGE, '--accept-new-host-keys', '--interface', 'eth9'));
    expect({ code, error: errors.at(-1)?.code }).toEqual({ code: 2, error: 'E_INTERFACE' });
    expect(existsSync(here.inventory)).toBe(false);
  });

  it('of the three hosts writes an inventory of one master and two workers', async () => {
    const { code, errors } = await here.run(init(RANGE, '--accept-new-host-keys'));
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    const text = readFileSync(here.inventory, 'utf8');
    const hosts = [...text.matchAll(/- name: (\S+)\n {4}address: (\S+)\n {4}roles: (.*)/g)].map(
      ([, ...host]) => host,
    );
    expect(hosts).toEqual([
      ['m1', `${settings.net}.11`, '[master, etcd]'],
      ['w1', `${settings.net}.12`, '[worker]'],
      ['w2', `${settings.net}.13`, '[worker]'],
    ]);
    expect(text).toContain('# CentOS Linux 7 (Core), 2 processors');
    // What one of them has is told, and left to it.
    expect(text).toContain('\n#   hosts:\n#     registry.office: 192.0.2.50\n');
  });

  it('does not overwrite it', async () => {
    const before = readFileSync(here.inventory, 'utf8');
    const { code, errors } = await here.run(init(RANGE));
    expect({ code, error: errors[0]?.code }).toEqual({ code: 2, error: 'E_EXISTS' });
    expect(readFileSync(here.inventory, 'utf8')).toBe(before);
  });

  it('has written what up accepts unchanged: a cluster, and nothing more to do', async () => {
    const up = await here.run(['up']);
    expect({ code: up.code, errors: up.errors }).toEqual({ code: 0, errors: [] });
    const again = await here.run(['up']);
    expect(again.code).toBe(0);
    expect(again.events.at(-1)).toMatchObject({ type: 'summary', changed: 0, failed: 0 });
    const { stdout } = await here.run([
      'ssh',
      'm1',
      'kubectl',
      '--kubeconfig',
      '/etc/kubernetes/admin.conf',
      'get',
      'nodes',
      '--no-headers',
    ]);
    const nodes = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).slice(0, 2).join(' '));
    expect(nodes).toEqual(['m1 Ready', 'w1 Ready', 'w2 Ready']);
  });

  it('chooses ranges beside the hosts’ own networks when none are taken over', async () => {
    const output = join(here.folder, 'plain.yaml');
    const { code } = await here.run(['init', RANGE, '--key', settings.key, '--output', output]);
    expect(code).toBe(0);
    const text = readFileSync(output, 'utf8');
    expect(text).toContain(`(the hosts know ${settings.net}.0/24)`);
    expect(text).toContain('serviceCIDR: 10.96.0.0/16\n  podCIDR: 10.244.0.0/16\n');
  });
});
