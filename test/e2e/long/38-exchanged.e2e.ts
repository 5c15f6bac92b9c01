import { beforeAll, describe, expect, test } from 'vitest';
import { addressOf } from '../support/lab.ts';
import { inventoryFile, kubeconfigFile, standingCluster } from '../support/product.ts';
import { chaptersOn } from '../support/course/chapters.ts';
import { EXCHANGED, walk } from '../support/course/walk.ts';

/** The pages that cluster/36-course types, once more: what ran on docker runs on containerd, and the other way round. */

const instead = { '192.168.139.10': addressOf('m1'), ...EXCHANGED };
const ground = { kubeconfig: kubeconfigFile, inventory: inventoryFile, instead };

beforeAll(standingCluster);

describe.concurrent('with the workers exchanged the page shows the same', { timeout: 900_000 }, () => {
  test.each(chaptersOn('cluster').filter(({ exchanged }) => exchanged === true))(
    '$folder: $title',
    async ({ folder }) => {
      expect(await walk(folder, ground)).toBeGreaterThan(0);
    },
  );
});
