import { describe, expect, it } from 'vitest';
import { UNITS } from '../../../../src/commands/node/node-look.ts';
import { refuseNoName } from '../../../../src/commands/node/node-steps.ts';
import { removeSteps } from '../../../../src/commands/node/remove-steps.ts';
import { BootstrapError } from '../../../../src/kernel/errors.ts';
import { NODES } from '../../../../src/resources/cluster/kube-api.ts';
import { type Sight, worldOf } from '../../phases/world.ts';

const ADDRESSES: Readonly<Record<string, string>> = {
  m1: '192.0.2.11',
  m2: '192.0.2.12',
  m3: '192.0.2.13',
  w1: '192.0.2.21',
  old: '192.0.2.31',
};
const ALL = ['m1', 'm2', 'm3', 'w1'];
const hosts = (names: readonly string[]) =>
  names.map((name) => ({
    name,
    address: ADDRESSES[name],
    roles: name.startsWith('m') ? ['master', 'etcd'] : ['worker'],
  }));

interface Given {
  /** In the inventory. */
  readonly hosts?: readonly string[];
  /** Nodes of the cluster; a `!` behind one says that it is not Ready. */
  readonly nodes?: readonly string[];
  readonly members?: readonly string[];
  /** Hosts that are not reached. */
  readonly off?: readonly string[];
  /** Members that only listen. */
  readonly learners?: readonly string[];
  /** The name by which etcd knows a member, where that is an older one than the inventory's. */
  readonly oldNames?: Readonly<Record<string, string>>;
  /** Whether the kubelet of the host that goes runs. */
  readonly kubelet?: 'active' | 'inactive';
  /** Units that are on the host that goes. */
  readonly units?: readonly string[];
  /** The address for users. */
  readonly vip?: string;
}

function steps(node: string, given: Given = {}, alone = false) {
  const { hosts: names = ALL, nodes = ALL, members = ['m1', 'm2', 'm3'], off = [], units = UNITS } = given;
  const { learners = [], oldNames = {}, kubelet = 'active', vip } = given;
  const items = nodes.map((text) => {
    const [name, status] = text.endsWith('!') ? [text.slice(0, -1), 'Unknown'] : [text, 'True'];
    return { metadata: { name }, status: { conditions: [{ type: 'Ready', status }] } };
  });
  const list = members.map((name) => ({
    id: name.charCodeAt(0) + name.length + Number(ADDRESSES[name]?.split('.')[3]),
    name: oldNames[name] ?? name,
    isLearner: learners.includes(name),
    peerURLs: [`https://${ADDRESSES[name]}:2380`],
    clientURLs: ['https://x:2379'],
  }));
  const master: Sight = {
    objects: { [NODES]: { status: 200, body: { items } }, '/healthz': { status: 200, body: undefined } },
    answers: {
      'etcd-data': { code: 0, output: 'yes' },
      'etcd-members': { code: 0, output: JSON.stringify(list) },
      'etcd-health': { code: 0, output: '{"health":"true"}' },
    },
  };
  const seen = Object.fromEntries(
    names.map((name) => [
      name,
      off.includes(name) || (alone && name === node)
        ? undefined
        : {
            ...(name.startsWith('m') ? master : {}),
            units: Object.fromEntries(
              units.map((unit) => [
                unit,
                { load: 'loaded', active: unit === 'kubelet.service' ? kubelet : 'active' },
              ]),
            ),
          },
    ]),
  );
  const apiServer = vip === undefined ? {} : { apiServer: { keepalived: { vip } } };
  const world = worldOf({ inventory: { hosts: hosts(names), ...apiServer }, seen });
  return removeSteps(world, { node, alone, stamp: '1', timeout: 60 });
}

const told = (...args: Parameters<typeof steps>): string[] =>
  steps(...args).map(({ id, hosts: at }) => `${id} ${at.join(',')}`);

describe('a host is taken out', () => {
  it.each<[string, string, Given, boolean, string[]]>([
    [
      'a worker',
      'w1',
      {},
      false,
      ['node-drain m1', 'node-stop w1', 'node-containers w1', 'node-keys w1', 'node-delete m1'],
    ],
    [
      'a worker whose kubelet is stopped, which would end no pod',
      'w1',
      { kubelet: 'inactive' },
      false,
      ['node-stop w1', 'node-containers w1', 'node-keys w1', 'node-delete m1'],
    ],
    [
      'a node of a former name, whose member has another by now',
      'old',
      { nodes: [...ALL, 'old'], oldNames: { m1: 'old' } },
      false,
      ['node-drain m1', 'node-delete m1'],
    ],
    [
      'a worker that is not Ready',
      'w1',
      { nodes: ['m1', 'm2', 'm3', 'w1!'] },
      false,
      ['node-stop w1', 'node-containers w1', 'node-keys w1', 'node-delete m1'],
    ],
    ['a worker that is dead', 'w1', { off: ['w1'] }, true, ['node-delete m1']],
    [
      'a worker, after a run that was cut',
      'w1',
      { nodes: ['m1', 'm2', 'm3'] },
      false,
      ['node-stop w1', 'node-containers w1', 'node-keys w1'],
    ],
    [
      'the master that made the cluster',
      'm1',
      {},
      false,
      [
        'node-drain m2',
        'etcd-remove m2',
        'node-stop m1',
        'node-containers m1',
        'etcd-set-aside m1',
        'node-keys m1',
        'node-delete m2',
      ],
    ],
    ['a master that is dead', 'm1', {}, true, ['etcd-remove m2', 'node-delete m2']],
    [
      'a master, after its member was taken out',
      'm3',
      { members: ['m1', 'm2'] },
      false,
      [
        'node-drain m1',
        'node-stop m3',
        'node-containers m3',
        'etcd-set-aside m3',
        'node-keys m3',
        'node-delete m1',
      ],
    ],
    [
      'a node that the inventory has forgotten',
      'old',
      { nodes: [...ALL, 'old'] },
      false,
      ['node-drain m1', 'node-delete m1'],
    ],
    [
      'a member that the inventory has forgotten',
      'old',
      { members: ['m1', 'm2', 'm3', 'old'], nodes: ALL },
      false,
      ['etcd-remove m1'],
    ],
    [
      'one of two members',
      'm2',
      { hosts: ['m1', 'm2'], nodes: ['m1', 'm2'], members: ['m1', 'm2'] },
      true,
      ['etcd-remove m1', 'node-delete m1'],
    ],
  ])('%s', (_which, node, given, alone, expected) => {
    expect(told(node, given, alone)).toEqual(expected);
  });

  it('forgets what was set on its Node', () => {
    const gone = steps('w1').at(-1);
    const [run] = gone?.does.kind === 'steps' ? gone.does.steps('m1') : [];
    expect(run?.op === 'run' && run.script).toMatch(
      / delete node w1 [^\n]*\n.* patch configmap k8s-bootstrap-nodes .* -p '{"data":{"w1":null}}'/,
    );
  });

  it.each([
    ['a dead master with an address for users', 'm3', true, true],
    ['a dead worker', 'w1', true, false],
    ['a master that is cleaned', 'm3', false, false],
  ])('%s, which may take the address when it is switched on: so it is told', (_which, node, alone, says) => {
    const destroys = steps(node, { vip: '192.0.2.100' }, alone).at(-1)?.destroys ?? '';
    expect(destroys.includes('it may take 192.0.2.100')).toBe(says);
    expect(steps(node, {}, alone).at(-1)?.destroys).not.toContain('take');
  });

  it('with only the units that it has', () => {
    const [, stop] = steps('w1', { units: ['kubelet.service', 'kube-proxy.service'] });
    const done = stop?.does.kind === 'steps' ? stop.does.steps('w1') : [];
    expect(done).toEqual(
      ['kube-proxy.service', 'kubelet.service'].flatMap((unit) => [
        { op: 'unit', verb: 'stop', unit },
        { op: 'unit', verb: 'disable', unit },
      ]),
    );
  });
});

describe('it is refused', () => {
  const code = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      return error instanceof BootstrapError ? error.code : String(error);
    }
    return 'done';
  };
  it.each<[string, string, string, Given, boolean]>([
    [
      'the last master',
      'E_NODE_LAST_MASTER',
      'm1',
      { hosts: ['m1', 'w1'], nodes: ['m1', 'w1'], members: ['m1'] },
      false,
    ],
    ['a master, when no other answers', 'E_NODE_LAST_MASTER', 'm1', { off: ['m2', 'm3'] }, false],
    ['below a quorum', 'E_ETCD_NO_QUORUM', 'm1', { off: ['m2'] }, false],
    [
      'below a quorum, as a learner has no vote',
      'E_ETCD_NO_QUORUM',
      'm1',
      { learners: ['m3'], off: ['m2'] },
      false,
    ],
    ['below a quorum, of a dead one', 'E_ETCD_NO_QUORUM', 'm1', { off: ['m2'] }, true],
    ['a host that is not reached', 'E_UNREACHABLE', 'w1', { off: ['w1'] }, false],
    ['a name that nobody knows', 'E_NODE_UNKNOWN', 'w9', {}, false],
    ['while no API server answers', 'E_API_DOWN', 'w1', { off: ['m1', 'm2', 'm3'] }, false],
  ])('%s: %s', (_which, expected, node, given, alone) => {
    expect(code(() => steps(node, given, alone))).toBe(expected);
  });

  it.each(['', 'a b', "x'; touch /PWNED; '", '../x', 'A', '-x', 'a'.repeat(254), 'x\n'])(
    '%j is no name',
    (name) => {
      expect(
        code(() => {
          refuseNoName(name);
        }),
      ).toBe('E_NODE');
    },
  );
});
