import { beforeAll, describe, expect, test } from 'vitest';
import { addressOf } from '../support/lab.ts';
import { inventoryFile, kubeconfigFile, standingCluster } from '../support/product.ts';
import { chaptersOn } from '../support/course/chapters.ts';
import { walk } from '../support/course/walk.ts';

const instead = { '192.168.139.10': addressOf('m1') };
const ground = { kubeconfig: kubeconfigFile, inventory: inventoryFile, instead };

beforeAll(standingCluster);

// Each has namespaces of its own, so that they can go side by side.
describe.concurrent('a student sees on the cluster what the page shows', { timeout: 900_000 }, () => {
  test.each(chaptersOn('cluster'))('$folder: $title', async ({ folder }) => {
    expect(await walk(folder, ground)).toBeGreaterThan(0);
  });
});
