import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { factsOf } from '../../../src/facts/facts.ts';
import { preflightFindings } from '../../../src/preflight/preflight.ts';
import { supportedSystem, systemOf, whyRefused } from '../../../src/release/systems.ts';
import { hostSaying, sight, worldOf } from '../phases/world.ts';

interface Case {
  readonly os: string;
  readonly row: string;
  readonly supported: boolean;
  readonly manager?: string;
  readonly etcd?: string;
  /** Part of what the refusal says. */
  readonly why?: string;
}

const cases = load(
  readFileSync(new URL('../../cases/systems.yaml', import.meta.url), 'utf8'),
) as readonly Case[];

/** The fields of os-release that hosts are asked for. */
function said(os: string): Record<string, string> {
  const field = (name: string): string => {
    const [, quoted, plain] = new RegExp(`(?:^| )${name}=(?:"([^"]*)"|(\\S+))`).exec(os) ?? [];
    return quoted ?? plain ?? '';
  };
  return { id: field('ID'), like: field('ID_LIKE'), version: field('VERSION_ID'), pretty: field('NAME') };
}

it.each(cases)('$os → $row', ({ os, row, supported, manager, etcd, why }) => {
  const family = os.includes('ebian') ? 'debian' : 'centos';
  const newer = /"(?:[89]|2\d|3)[."]/.test(os) ? { manager: ['', 'yum', 'dnf'] } : {};
  const text = hostSaying(family, { ...said(os), ...(family === 'centos' ? newer : {}) });
  const facts = factsOf(sight({ facts: text }));
  const system = systemOf(facts);
  const [id = '', version = ''] = row.split(' ');
  expect([system.ids[0], system.versions]).toEqual([id, expect.arrayContaining([version])]);
  expect(supportedSystem(facts) !== undefined).toBe(supported);
  const [found] = preflightFindings(worldOf({ seen: { w1: { facts: text } } })).filter(
    (one) => one.host === 'w1' && one.id === 'os',
  );
  if (supported) {
    expect([found, system.etcd]).toEqual([undefined, etcd]);
    if (!os.includes('alinux')) expect(facts.packageManager).toBe(manager);
    return;
  }
  expect(found).toMatchObject({ level: 'error', hint: expect.stringContaining('Supported are') as string });
  expect(whyRefused(facts) ?? '').toContain(why ?? '');
  expect(found?.hint).toContain(why ?? '');
});
