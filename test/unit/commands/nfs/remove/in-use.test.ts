import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../../src/cluster/open.ts';
import { deleteData } from '../../../../../src/commands/nfs/remove/delete-data.ts';
import { refuseInUse, volumesOn } from '../../../../../src/commands/nfs/remove/in-use.ts';
import type { BootstrapError } from '../../../../../src/kernel/errors.ts';
import { play } from '../../../../support/cells.ts';
import { memoryHost } from '../../../../support/memory-host.ts';
import { load } from '../../../inventory/load-text.ts';
import { type Saying, toldFleet } from '../told-fleet.ts';

const HOSTS =
  '[{ name: m1, address: 192.0.2.1, roles: [master, etcd] }, { name: m2, address: 192.0.2.2, roles: [master] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]';

async function volumes(says: Readonly<Record<string, Saying>>): Promise<string[]> {
  const { inventory } = await load(`name: x\nhosts: ${HOSTS}\nnfs: { exports: [{ path: /other }] }\n`);
  const { fleet } = toldFleet(inventory, says);
  return volumesOn({ cluster: { inventory } as Cluster, fleet }, 'n1', '/nfsdata');
}

const AWAY = [1, 'The connection to the server was refused'] as const;
const UNKNOWN = ['whether volumes of the cluster are on it is not known: no API server answers'];

describe('volumes that are on an export', () => {
  it.each<[string, Readonly<Record<string, Saying>>, readonly string[]]>([
    [
      'as the API tells them',
      { m1: { volumes: 'pv1\t192.0.2.9\t/nfsdata/x\tdefault/data\npv2\t192.0.2.9\t/nfsdata2\tdefault/b\n' } },
      ['volume pv1 (default/data)'],
    ],
    ['as the next API tells them', { m1: { volumes: AWAY }, m2: { volumes: '' } }, []],
    ['are not known when no API answers', { m1: { volumes: AWAY }, m2: { volumes: AWAY } }, UNKNOWN],
    ['are not known when a master is not reached', { m1: { none: '' } }, UNKNOWN],
    ['are not known when no master is', { n1: {} }, UNKNOWN],
    ['are none where there is no cluster', { m1: { none: '' }, m2: { none: '' } }, []],
  ])('%s', async (_, says, expected) => {
    expect(await volumes(says)).toEqual(expected);
  });

  it('keep the export when they are not known, and say what to do', () => {
    expect(() => {
      refuseInUse(UNKNOWN, 'n1', '/nfsdata', false);
    }).toThrow(
      expect.objectContaining({
        code: 'E_EXPORT_IN_USE',
        hint: expect.stringMatching(/^"k8s-bootstrap status" shows/) as string,
      }) as BootstrapError,
    );
  });
});

describe('deleting the data of an export', () => {
  const deletion = {
    path: '/nfsdata',
    owner: 'me (pid 1)',
    essential: () => false,
    stop: new AbortController().signal,
  };
  const host = (outcome: string) => ({
    ...memoryHost('n1'),
    means: (step: string) => (step.includes('rm -rf') ? outcome : step),
  });

  it('is a step under the lock of the run', async () => {
    const n1 = host('set data gone');
    const { fleet } = play([n1], []);
    let holder: string | undefined;
    n1.before = () => {
      holder = n1.lockedBy;
    };
    expect(await deleteData(fleet, fleet.members.get('n1')!, deletion)).toBeNull();
    expect([n1.words.get('data'), holder, n1.lockedBy]).toEqual(['gone', 'me (pid 1)', undefined]);
    expect(n1.moreMs).toBe(3_600_000);
  });

  it('says why it did not happen', async () => {
    const n1 = host('fail 1 it is a link');
    const { fleet } = play([n1], []);
    expect(await deleteData(fleet, fleet.members.get('n1')!, deletion)).toBe('it is a link');
    expect(n1.lockedBy).toBeUndefined();
  });

  it('does not happen while another run has the lock', async () => {
    const n1 = host('set data gone');
    n1.lockedBy = 'somebody';
    const { fleet } = play([n1], []);
    await expect(deleteData(fleet, fleet.members.get('n1')!, deletion)).rejects.toMatchObject({
      code: 'E_LOCKED',
    });
    expect(n1.words.has('data')).toBe(false);
  });
});
