import { expect, it } from 'vitest';
import { parsingInventory } from '../../../src/inventory/load.ts';
import { rules } from '../../../src/inventory/rules/rules.ts';
import { known } from './known.ts';

it('is read in pieces: each pass over its hosts, and each rule', () => {
  const text = 'name: x\nhosts: [{name: m1, address: 192.0.2.11}]\n';
  const pieces = [...parsingInventory(Buffer.from(text), '/x/inventory.yaml', { ...known, env: {} })];
  expect(pieces.length).toBeGreaterThan(rules.length + 6);
});
