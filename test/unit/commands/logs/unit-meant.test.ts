import { expect, it } from 'vitest';
import { unitMeant } from '../../../../src/commands/logs/unit-meant.ts';
import type { Wanted } from '../../../../src/commands/explain/file-facts.ts';

const wanted = [
  ['scheduler', 'kube-scheduler'],
  ['kubelet', 'kubelet'],
  ['runtime', 'docker'],
  ['runtime', 'containerd'],
].map(([phase, name]) => ({ phase, resource: { id: `service:${name}.service` } })) as unknown as Wanted[];

it.each([
  ['scheduler', 'kube-scheduler.service'],
  ['kubelet', 'kubelet.service'],
  ['kubelt.service', 'kubelt.service'],
  ['sshd', 'sshd.service'],
])('%s means %s', (given, unit) => {
  const full = given.includes('.') ? given : `${given}.service`;
  expect(unitMeant(given, full, wanted)).toBe(unit);
});

it.each([
  ['kubelt', 'did you mean kubelet?'],
  ['runtime', 'did you mean docker.service or containerd.service?'],
])('%s is refused', (given, says) => {
  expect(() => unitMeant(given, `${given}.service`, wanted)).toThrow(says);
});
