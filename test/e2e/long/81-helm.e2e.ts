import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chaptersOn } from '../support/course/chapters.ts';
import { walk } from '../support/course/walk.ts';
import { HOSTS, onHost, onHosts, tryOnHost } from '../support/lab.ts';
import {
  inventoryFile,
  k8sb,
  kubeconfigFile,
  lines,
  product,
  standingCluster,
  up,
  writeInventory,
} from '../support/product.ts';

const PATH = '/usr/local/bin/helm';
const withHelm = (text: string): string => `${text}\naddons: { helm: {} }\n`;

/** What the product knows of having written, and what is really in the folder of programs. */
const pictures = (): Promise<Map<string, string>> =>
  onHosts('cut -f 2 /var/lib/k8s-bootstrap/manifest | sort; cd /usr/local/bin; sha256sum *');

let before: Map<string, string>;

beforeAll(async () => {
  await standingCluster();
  await up('--prune');
  before = await pictures();
});

afterAll(async () => {
  writeInventory();
  await up('--prune');
});

describe('helm', () => {
  test('is a file of masters in the plan', async () => {
    writeInventory(withHelm);
    const { planned } = await k8sb(['plan']);
    expect(lines(planned)).toEqual([`m1 file:${PATH} create`]);
  });

  test('is there when up ends, in the version that was asked for, and nothing is restarted for it', async () => {
    const { summary } = await up();
    expect(summary.changed).toBe(1);
    expect(summary.hosts.flatMap(({ restarted }) => restarted)).toEqual([]);
    expect(await onHost('m1', 'helm version --short')).toMatch(/^v3\.2\.4/);
    expect(await onHost('m1', `stat -c '%a %U:%G' ${PATH}`)).toBe('755 root:root\n');
    expect(await onHost('m1', 'cut -f 2,3 /var/lib/k8s-bootstrap/manifest')).toContain(`${PATH}\taddons\n`);
    for (const host of ['w1', 'w2'] as const) expect((await tryOnHost(host, `[ -e ${PATH} ]`)).code).toBe(1);
  });

  test('leaves a second up nothing to do', async () => {
    expect((await up()).summary.changed).toBe(0);
  });

  test('is told by addons list, and explained', async () => {
    const { code, events } = await product(['addons', 'list', '--json', '-i', inventoryFile]);
    expect(code).toBe(0);
    const { data } = events.find(({ type }) => type === 'result') as unknown as {
      data: { addons: readonly object[] };
    };
    expect(data.addons).toContainEqual(expect.objectContaining({ name: 'helm', on: true, state: 'well' }));
    expect((await product(['explain', PATH, '-i', inventoryFile, '--plain'])).stdout).toContain('on m1');
  });

  test('is brought again where somebody has changed it', async () => {
    await onHost('m1', `printf x >> ${PATH}`);
    expect(lines((await up()).planned)).toEqual([`m1 file:${PATH} update`]);
    expect(await onHost('m1', 'helm version --short')).toMatch(/^v3\.2\.4/);
  });

  test.each(chaptersOn('helm'))('lets a student see what the page shows: $folder', async ({ folder }) => {
    expect(await walk(folder, { kubeconfig: kubeconfigFile, inventory: inventoryFile })).toBeGreaterThan(0);
  });

  test('is left over when the inventory has it no more, until up --prune', async () => {
    writeInventory();
    expect((await up()).summary.changed).toBe(0);
    expect(await onHost('m1', 'helm version --short')).toMatch(/^v3\.2\.4/);
    expect((await product(['addons', 'list', '--json', '-i', inventoryFile])).code).toBe(3);
  });

  test('goes with up --prune, and nothing else goes', async () => {
    await up('--prune');
    expect((await tryOnHost('m1', `[ -e ${PATH} ]`)).code).toBe(1);
    const after = await pictures();
    for (const host of HOSTS) expect(after.get(host), host).toBe(before.get(host));
    expect((await product(['addons', 'list', '--json', '-i', inventoryFile])).code).toBe(0);
  });
});
