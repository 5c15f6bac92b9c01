import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { factsScript } from '../../../../src/facts/facts-script.ts';
import { cniPhase } from '../../../../src/phases/network/cni.ts';
import { describe as titleOf } from '../../../../src/resources/compile.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { hostOf, hostSaying, sight, worldOf } from '../world.ts';

const FOLDER = '/etc/cni/net.d';

/** What a plan says of the order, and what would be done, where a worker has these configurations. */
async function planned(
  names: readonly string[],
  inventory: Readonly<Record<string, unknown>> = {},
): Promise<{ change: Change | undefined; steps: string[] }> {
  const said = names.map((name) => `== cniConfig ${FOLDER}/${name}`);
  const facts = hostSaying('centos', { cniConfigs: said });
  const world = worldOf({ inventory, seen: { w1: { facts } } });
  const order = cniPhase.resources(world, hostOf(world, 'w1')).find(({ id }) => id === 'cni-order');
  const change = order?.diff(sight({ facts }), new Map());
  if (order === undefined || change === undefined || change.kind === 'none') return { change, steps: [] };
  return { change, steps: (await order.steps(change, sight({ facts }))).map(titleOf) };
}

describe('the network that a runtime takes', () => {
  it.each([
    ['ours alone', ['10-bridge.conflist']],
    ['ours before others', ['10-bridge.conflist', '10-flannel.conflist', '100-crio-bridge.conf', 'a.json']],
  ])('is ours: %s', async (_, names) => {
    expect((await planned(names)).change).toEqual({ kind: 'none', why: 'ours is the first' });
  });

  it('is ours again when all that come before it are set aside', async () => {
    expect(await planned(['05-x.conflist', '10-bridge.conflist', '.old.conf', '10-a.json'])).toEqual({
      change: {
        kind: 'delete',
        summary: `${FOLDER}/.old.conf, ${FOLDER}/05-x.conflist, ${FOLDER}/10-a.json: the runtime takes ${FOLDER}/.old.conf, not ours`,
      },
      steps: ['.old.conf', '05-x.conflist', '10-a.json'].map((name) => `remove ${FOLDER}/${name}`),
    });
  });

  it('is told, and nothing touched, where a file that may come before has no plain name', async () => {
    await expect(planned(['1?.conf'])).rejects.toThrow(
      `a network configuration has no plain name: ${FOLDER}/1?.conf`,
    );
    expect((await planned(['9?x.conf'])).steps).toEqual([]);
  });

  it('is not looked at where another one is meant', async () => {
    const none = { network: { cni: 'none' } };
    expect((await planned(['05-x.conflist'], none)).change).toBeUndefined();
  });
});

it.each(['bash', 'dash'])('%s finds all that a runtime would read, whatever their names', (shell) => {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-'));
  try {
    const names = ['05-a.conf', 'b.conflist', 'c.json', '.d.conf', 'e.txt', 'f.conf.bak'];
    for (const name of [...names, '0 x\n== mark y.conf']) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'folder.conf'));
    symlinkSync('05-a.conf', join(folder, 'link.conf'));
    mkdirSync(join(folder, 'probe'));
    const text = `D=${folder}/probe/x\n${factsScript.replaceAll(FOLDER, folder)}`;
    const lines = execFileSync(shell, ['-c', text], { encoding: 'utf8' }).split('\n');
    const found = lines.filter((line) => /^== (cniConfig|mark y)/.test(line));
    expect(found.map((line) => line.replace(`== cniConfig ${folder}/`, '')).toSorted()).toEqual(
      ['.d.conf', '05-a.conf', '0?x????mark?y.conf', 'b.conflist', 'c.json', 'link.conf'].toSorted(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
