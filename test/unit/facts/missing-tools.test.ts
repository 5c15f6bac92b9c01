import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { factsOf, factsWatches } from '../../../src/facts/facts.ts';
import { preflightFindings } from '../../../src/preflight/preflight.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import { PATH_LINE, parseProbe, probeScript } from '../../../src/probe/probe.ts';
import { hostOf, worldOf } from '../phases/world.ts';

describe('a program that is missing', () => {
  const TOOLS = [
    'ss',
    'ip',
    'df',
    'awk',
    'sed',
    'curl',
    'getent',
    'stat',
    'sha256sum',
    'systemctl',
    'dpkg-query',
  ];
  const folder = mkdtempSync(join(tmpdir(), 'missing-tools-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function fill(bin: string, missing: string | undefined): void {
    mkdirSync(bin);
    for (const place of ['/usr/bin', '/usr/sbin', '/bin', '/sbin']) {
      for (const name of readdirSync(place)) {
        if (name !== missing && !existsSync(join(bin, name))) symlinkSync(join(place, name), join(bin, name));
      }
    }
  }

  /** All programs of this machine but one; the questions are as they are asked of a host. */
  const without = (missing: string | undefined): Observed => {
    const bin = join(folder, missing ?? 'all');
    if (!existsSync(bin)) fill(bin, missing);
    const script = probeScript(factsWatches(), 'nonce', '192.0.2.11').replace(PATH_LINE, ':');
    const stdout = execFileSync(join(bin, 'bash'), ['-c', script], {
      env: { PATH: bin },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return parseProbe(factsWatches(), 'nonce', stdout);
  };
  const findings = (seen: Observed): Map<string, string> => {
    const world = worldOf();
    const here = { ...world, facts: () => factsOf(seen), seen: () => seen };
    const told = preflightFindings({
      ...here,
      inventory: { ...world.inventory, hosts: [hostOf(world, 'w1')] },
    });
    return new Map(told.map(({ id, message }) => [id, message]));
  };

  it.each(TOOLS)('%s is told, and taken for no "no"', (tool) => {
    const all = findings(without(undefined));
    const found = findings(without(tool));
    expect(all.has('tools'), all.get('tools')).toBe(false);
    expect(found.get('tools')).toMatch(new RegExp(`^${tool} does not answer: .* is not known$`));
    expect([...found.keys()].filter((id) => id !== 'tools' && !all.has(id))).toEqual([]);
  });
});
