import { describe, expect, it } from 'vitest';
import { afterStart, beforeStart } from '../../../../src/phases/etcd/boot.ts';
import { initialCluster, joining, promotion } from '../../../../src/phases/etcd/join.ts';
import { membership, membersOf, strayMembers } from '../../../../src/phases/etcd/members.ts';
import type { Sight } from '../world.ts';
import { hostOf, textFile, worldOf } from '../world.ts';

const HOSTS = ['m1', 'm2', 'm3'];
const IDS = ['18446744073709551615', '10501334649042878790', '1'];
const url = (index: number): string => `https://192.0.2.${11 + index}:2380`;

/** As the peers' port of etcd 3.4 answers. */
const listOf = (...started: boolean[]): string =>
  `[${started
    .map(
      (has, index) =>
        `{"id":${IDS[index]},"peerURLs":["${url(index)}"]${has ? `,"name":"m${index + 1}","clientURLs":["https://192.0.2.${11 + index}:2379"]` : ''}}`,
    )
    .join(',')}]`;

interface Member {
  readonly data: boolean;
  readonly says?: string;
  readonly healthy?: boolean;
  readonly mark?: boolean;
  readonly boot?: 'new' | 'existing';
}

const sightOf = ({ data, says, healthy, mark, boot }: Member): Sight => ({
  answers: {
    'etcd-data': { code: 0, output: data ? 'yes' : 'no' },
    'etcd-members': says === undefined ? { code: 7, output: 'refused' } : { code: 0, output: says },
    'etcd-health': { code: 0, output: healthy ? '{"health":"true"}' : '' },
  },
  files: {
    '/etc/etcd/started': mark
      ? { type: 'file', mode: '0644', owner: 'root', group: 'root', size: 1, sha256: '' }
      : { type: 'absent' },
    ...(boot && {
      '/etc/etcd/boot.env': textFile(`ETCD_INITIAL_CLUSTER_STATE=${boot}\n`),
    }),
  },
});

const three = (...members: (Member | undefined)[]): ReturnType<typeof worldOf> =>
  worldOf({
    inventory: {
      hosts: HOSTS.map((name, index) => ({
        name,
        address: `192.0.2.${11 + index}`,
        roles: ['master', 'etcd'],
      })),
    },
    seen: Object.fromEntries(HOSTS.map((name, index) => [name, members[index] && sightOf(members[index])])),
  });

const all = (...members: (Member | undefined)[]): string[] => {
  const world = three(...members);
  return HOSTS.map((name) => membership(world, hostOf(world, name)).is);
};

const well = { data: true, healthy: true, says: listOf(true, true, true) };
const empty = { data: false };
const down = { data: true };
const addedM2 = { ...well, says: listOf(true, false, true) };

it('the members are told in the order of their addresses', () => {
  const says = JSON.stringify((JSON.parse(listOf(true, true, true)) as unknown[]).reverse());
  expect(membersOf(three({ ...well, says }, empty, empty)).map(({ name }) => name)).toEqual(HOSTS);
});

describe('what a host is to etcd', () => {
  it.each<[string, (Member | undefined)[], string[]]>([
    ['nobody has had data', [empty, empty, empty], ['founder', 'founder', 'founder']],
    ['all have data', [well, well, well], ['member', 'member', 'member']],
    ['one has lost its data', [well, empty, well], ['member', 'lost', 'member']],
    [
      'it has lost it as the mark says, and nobody runs',
      [down, { ...empty, mark: true }, down],
      ['member', 'lost', 'member'],
    ],
    ['all have lost it', [1, 2, 3].map(() => ({ ...empty, mark: true })), ['lost', 'lost', 'lost']],
    ['nobody runs who could tell', [down, empty, down], ['member', 'unknown', 'member']],
    ['the others were not reached', [empty, undefined, undefined], ['unknown', 'unknown', 'unknown']],
    [
      'without a quorum a member tells all the same',
      [{ data: true, says: listOf(true, true, true) }, empty, empty],
      ['member', 'lost', 'lost'],
    ],
    [
      'the first up was cut before it started',
      [{ data: true, says: listOf(false, false, false) }, empty, empty],
      ['member', 'added', 'added'],
    ],
    [
      'it was taken out, and added anew',
      [{ ...well, says: listOf(true, false, true) }, { ...empty, mark: true }, down],
      ['member', 'added', 'member'],
    ],
    [
      'it was taken out, and has its data',
      [{ ...well, says: listOf(true, true) }, down, down],
      ['member', 'member', 'stranger'],
    ],
    [
      'it was taken out',
      [{ ...well, says: listOf(true, true) }, down, { ...empty, mark: true }],
      ['member', 'member', 'joins'],
    ],
    [
      'who lags behind is not asked while others have a quorum',
      [well, empty, { data: true, says: listOf(true) }],
      ['member', 'lost', 'member'],
    ],
    [
      'what is not wholly a list of members tells nothing',
      [{ ...well, says: listOf(true, true).replace('https://192.0.2.12:2380', 'x"; rm') }, empty, down],
      ['member', 'unknown', 'member'],
    ],
  ])('%s', (_when, members, expected) => {
    expect(all(...members)).toEqual(expected);
  });

  it('has ids as etcdctl takes them, of 64 bits', () => {
    expect(membersOf(three(well, well, well)).map(({ id }) => id)).toEqual([
      'ffffffffffffffff',
      '91bc3c398fb3c146',
      '1',
    ]);
    const one = worldOf({ seen: { m1: sightOf(well) } });
    expect(strayMembers(one).map(({ name }) => name)).toEqual(['m2', 'm3']);
  });
});

describe('a cluster is founded once', () => {
  const manifest = (text: string): Sight => ({
    files: { '/var/lib/k8s-bootstrap/manifest': textFile(text) },
  });
  const isM1 = (sights: Readonly<Record<string, Sight>>): unknown =>
    membership(
      worldOf({
        inventory: {
          hosts: [
            { name: 'm1', address: '192.0.2.11', roles: ['etcd'] },
            { name: 'm2', address: '192.0.2.12', roles: ['master'] },
          ],
        },
        seen: { m1: sightOf(empty), m2: {}, ...sights },
      }),
      { ...hostOf(three(), 'm1'), ip: '192.0.2.11' },
    );

  it.each<[string, Readonly<Record<string, Sight>>, unknown]>([
    ['nothing has run', {}, { is: 'founder' }],
    ['hosts are claimed', { m2: manifest('directory\t/etc/kubernetes\tbase\n') }, { is: 'founder' }],
    [
      'the role was moved off a host that was a member',
      { m2: manifest(`${'a'.repeat(64)}\t/etc/etcd/started\tetcd\n`) },
      { is: 'late', proof: 'm2' },
    ],
    [
      'nobody was asked for data, as in a run about users alone',
      {
        m1: { files: { '/var/lib/k8s-bootstrap/manifest': textFile('link\t/etc/x\tapiserver\n') } },
      },
      { is: 'founder' },
    ],
    [
      'another host has an API server',
      { m2: manifest(`${'a'.repeat(64)}\t/etc/kubernetes/pki/sa.key\tapiserver\n`) },
      { is: 'late', proof: 'm2' },
    ],
    [
      'the disk of the only member is not mounted, and no mark tells',
      {
        m1: {
          ...sightOf(empty),
          files: {
            '/var/lib/k8s-bootstrap/manifest': textFile('link\t/etc/x\tapiserver\n'),
          },
        },
      },
      { is: 'late', proof: 'm1' },
    ],
  ])('%s', (_when, sights, expected) => {
    expect(isM1(sights)).toEqual(expected);
  });
});

describe('a host that joins', () => {
  const versioned = (cluster: string): Member['says'] =>
    `{"health":"true"}{"etcdserver":"${cluster}","etcdcluster":"${cluster}"}`;
  const worldWith = (version: string, list: string, third: Member = empty) => {
    const world = three({ ...well, says: list }, { ...well, says: list }, third);
    const answer = { code: 0, output: versioned(version)! };
    const seen = world.seen('m1')!;
    return {
      ...world,
      seen: (name: string) =>
        name === 'm1'
          ? { ...seen, answer: (key: string) => (key === 'etcd-health' ? answer : seen.answer(key)) }
          : world.seen(name),
    };
  };
  const told = (world: ReturnType<typeof worldWith>) => {
    const m3 = hostOf(world, 'm3');
    const all = [...joining(world, m3), ...promotion(world, m3)];
    return all.map((one) => {
      const { id } = one;
      const change = one.diff(world.seen('m3')!, new Map());
      return `${id}: ${'summary' in change ? change.summary : ''}`;
    });
  };

  it('has no vote at first, where etcd can', () => {
    expect(told(worldWith('3.4.0', listOf(true, true)))).toEqual([
      'etcd-join: joins m1, m2, at first without a vote',
      'etcd-vote: gets its vote when it has caught up',
    ]);
    expect(told(worldWith('3.3.0', listOf(true, true)))).toEqual(['etcd-join: joins m1, m2']);
  });

  it('gets its vote also when the run that added it was cut', () => {
    const learner = listOf(true, true, true).replace('"name":"m3"', '"isLearner":true,"name":"m3"');
    expect(told(worldWith('3.4.0', learner, { data: true }))).toEqual([
      'etcd-vote: gets its vote when it has caught up',
    ]);
    expect(told(worldWith('3.4.0', listOf(true, true, true), { data: true }))).toEqual([]);
  });

  it('starts with those that are there and itself, not with all of the inventory', () => {
    const world = worldWith('3.4.0', listOf(true));
    const m3 = hostOf(world, 'm3');
    expect(initialCluster(world, m3)).toBe(`m1=${url(0)},m3=${url(2)}`);
    const added = worldWith('3.4.0', listOf(true, false));
    expect(initialCluster(added, m3)).toBe(`m1=${url(0)},m2=${url(1)},m3=${url(2)}`);
  });

  it('is added through members that have started, every value quoted', async () => {
    const world = worldWith('3.4.0', listOf(true, false));
    const m3 = hostOf(world, 'm3');
    const [join] = joining(world, m3);
    const [step] = await join!.steps({ kind: 'create', summary: '' }, world.seen('m3')!);
    const script = step?.op === 'run' ? step.script : '';
    expect(script).toContain('ETCDCTL_ENDPOINTS=https://192.0.2.11:2379 ');
    expect(script).toContain('member add m3 --peer-urls=https://192.0.2.13:2380 --learner');
  });
});

describe('the first start', () => {
  const stateOf = (index: number, ...members: Member[]): string => {
    const world = three(...members);
    const [bootEnv] = beforeStart(world, hostOf(world, HOSTS[index]!));
    const change = bootEnv!.diff({ ...world.seen('m1')!, file: () => undefined }, new Map());
    if (change.kind === 'unknown') return `waits for ${change.waitsFor}`;
    return /STATE=(\w+)/.exec(JSON.stringify(change))?.[1] ?? '';
  };

  it.each<[string, string, number, Member[]]>([
    ['founders', 'new', 0, [empty, empty, empty]],
    ['one that was added', 'existing', 1, [addedM2, empty, down]],
    ['one with data', 'new', 0, [{ ...well, boot: 'new' }, well, well]],
    ['one with data and no word', 'existing', 0, [well, well, well]],
    ['one that lost its data', 'waits for the data of this member', 1, [well, empty, well]],
    [
      'one of whom nobody tells',
      'waits for etcd on m1 to run (systemctl start etcd)',
      1,
      [down, empty, down],
    ],
  ])('of %s: %s', (_who, expected, index, members) => {
    expect(stateOf(index, ...members)).toBe(expected);
  });

  it('keeps the members it was started with, and is written anew when it was edited', () => {
    const world = three({ ...well, boot: 'new' }, well, well);
    const m1 = hostOf(world, 'm1');
    const [bootEnv] = beforeStart(world, m1);
    const seen = world.seen('m1')!;
    const text = `# For the first start of this member; etcd itself remembers afterwards.
ETCD_INITIAL_CLUSTER=m1=${url(0)}
ETCD_INITIAL_CLUSTER_STATE=existing
ETCD_INITIAL_CLUSTER_TOKEN=other
`;
    const after = (content: string): string => {
      const again = { ...world, seen: () => ({ ...seen, file: () => textFile(content) }) };
      const change = beforeStart(again, m1)[0]!.diff({ ...seen, file: () => undefined }, new Map());
      return change.kind === 'create' ? (change.text?.after ?? '') : '';
    };
    expect(bootEnv).toBeDefined();
    expect(after(text)).toBe(text);
    expect(after(`${text}# edited\nETCD_DATA_DIR=/x\n`)).toBe(text);
    expect(after(text.replace('=m1=', '=$(rm)='))).toContain(`m1=${url(0)},m2=${url(1)},m3=${url(2)}\n`);
  });

  it('is forgotten of a member that was added anew, and noted again behind its start', async () => {
    const world = three(addedM2, { ...empty, mark: true }, down);
    const m2 = hostOf(world, 'm2');
    const seen = world.seen('m2')!;
    const [, forget] = beforeStart(world, m2);
    expect(forget?.diff(seen, new Map()).kind).toBe('delete');
    const mark = afterStart(world, m2);
    const change = mark.diff(seen, new Map());
    expect(change.kind).toBe('create');
    const steps = await mark.steps(change, seen);
    expect(steps.map(({ op }) => op)).toEqual(['run', 'write']);
  });
});
