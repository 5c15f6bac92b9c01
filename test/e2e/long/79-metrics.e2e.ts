import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chaptersOn } from '../support/course/chapters.ts';
import { walk } from '../support/course/walk.ts';
import { eventually, kubectl } from '../support/kubectl.ts';
import { metricsImage, withAddons } from '../support/metrics.ts';
import {
  inventoryFile,
  kubeconfigFile,
  lines,
  product,
  standingCluster,
  up,
  writeInventory,
} from '../support/product.ts';

const KINDS =
  'serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings,services,endpoints,deployments.apps,replicasets.apps,configmaps,secrets,apiservices';

/** What the cluster has of all kinds that an add-on is made of, or that are made for it. */
const objects = async (): Promise<string[]> => {
  const columns = 'custom-columns=:.kind,:.metadata.name';
  const text = await kubectl(['-n', 'kube-system', 'get', KINDS, '-o', columns, '--no-headers']);
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .sort();
};

const pods = (path: string): Promise<string> =>
  kubectl([
    ...['-n', 'kube-system', 'get', 'pods', '-l', 'k8s-app=metrics-server'],
    ...['-o', `jsonpath={.items[*]${path}}`],
  ]);

let before: string[];

beforeAll(async () => {
  await standingCluster();
  before = await objects();
});

afterAll(async () => {
  writeInventory();
  await up('--prune');
});

describe('metrics-server', () => {
  test('runs, and the API server gets through to it, when up ends', async () => {
    writeInventory(withAddons('{ metrics-server: { resolution: 10s } }'));
    await up();
    expect(await pods('.status.conditions[?(@.type=="Ready")].status')).toBe('True');
    expect(await pods('.spec.containers[*].image')).toBe(metricsImage());
    const available = 'jsonpath={.status.conditions[?(@.type=="Available")].status}';
    expect(await kubectl(['get', 'apiservice', 'v1beta1.metrics.k8s.io', '-o', available])).toBe('True');
    expect((await product(['addons', 'list', '--json', '-i', inventoryFile])).code).toBe(0);
  });

  test('leaves a second up nothing to do', async () => {
    expect((await up()).summary.changed).toBe(0);
  });

  test.each(chaptersOn('metrics'))('lets a student see what the page shows: $folder', async ({ folder }) => {
    expect(await walk(folder, { kubeconfig: kubeconfigFile, inventory: inventoryFile })).toBeGreaterThan(0);
  });

  test('goes with up --prune when the inventory has it no more, and nothing else goes', async () => {
    writeInventory(withAddons('{}'));
    const pruned = await up('--prune');
    expect(lines(pruned.planned)).toEqual(['m1 addon:metrics-server delete']);
    await eventually(async () => {
      expect(await objects()).toEqual(before);
      expect(await pods('.metadata.name')).toBe('');
    });
  });
});
