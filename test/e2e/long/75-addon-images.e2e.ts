import { afterAll, beforeAll, expect, test } from 'vitest';
import { settings } from '../support/lab.ts';
import { metricsImage, withAddons } from '../support/metrics.ts';
import { failures, k8sb, standingCluster, up, writeInventory } from '../support/product.ts';

/** An add-on whose image is not to be had. Until a gate gives a pod up takes three minutes. */

const ABSENT = 'v0.0.1';
const absentHere = `${settings.controller}:5000/metrics-server-amd64:${ABSENT}`;
const NOT_THERE = /not found|manifest unknown/i;

beforeAll(standingCluster);

afterAll(async () => {
  writeInventory();
  await up('--prune');
});

test('a mirror that lacks an image is named, with the image, before a pod asks for it', async () => {
  writeInventory(
    withAddons(
      `{ metrics-server: { images: { metrics-server: '${metricsImage(ABSENT)}' } } }`,
      metricsImage(ABSENT),
    ),
  );
  const failed = await k8sb(['up']);
  expect(failed.code).not.toBe(0);
  expect(failures(failed)).toContain(`image:${metricsImage(ABSENT)}`);
  expect(failures(failed)).toMatch(NOT_THERE);
});

test('an image that a pod cannot pull is named, with the pod, its node and the runtime’s own words', async () => {
  writeInventory(withAddons(`{ metrics-server: { images: { metrics-server: '${absentHere}' } } }`));
  const failed = await k8sb(['up']);
  expect(failed.code).not.toBe(0);
  const told = failures(failed);
  expect(told).toMatch(/metrics-server does its work: pod kube-system\/metrics-server-\S+ on [mw]\d waits/);
  expect(told).toContain(absentHere);
  expect(told).toMatch(NOT_THERE);
});

test('with an image that is there the add-on does its work', async () => {
  writeInventory(withAddons('{ metrics-server: {} }'));
  await up();
  expect((await up()).summary.changed).toBe(0);
});
