import { expect, it } from 'vitest';
import { bytes } from '../../../src/resources/content.ts';
import { moreSeconds } from '../../../src/resources/duration.ts';
import type { Step } from '../../../src/resources/step.ts';

const write = (size: number): Step => ({
  op: 'write',
  path: '/x',
  content: { ...bytes(''), size },
  attributes: { mode: '0644', owner: 'root', group: 'root' },
});
const packages: Step = { op: 'packages', manager: 'yum', names: ['docker'], environment: [] };
const pull: Step = { op: 'run', title: 'pull', script: ':', downloads: true };

it.each([
  ['nothing for what a host has at hand', [{ op: 'unit', verb: 'restart', unit: 'a.service' }], 0],
  ['half an hour for packages', [packages], 1800],
  ['as much for an image', [pull], 1800],
  ['the time that a slow line needs for content', [write(200 * 1024 ** 2)], 3200],
  ['the sum of all', [packages, pull, write(65_536), write(1)], 3602],
] as const)('a batch may take %s', (_, steps, seconds) => {
  expect(moreSeconds(steps)).toBe(seconds);
});
