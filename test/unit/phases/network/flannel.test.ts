import { describe, expect, it } from 'vitest';
import { openPorts, opened } from '../../../../src/phases/host/firewall.ts';
import { rbacPhase } from '../../../../src/phases/control-plane/rbac.ts';
import { osPhase } from '../../../../src/phases/host/os.ts';
import { cniPhase } from '../../../../src/phases/network/cni.ts';
import { flannelPhase } from '../../../../src/phases/network/flannel.ts';
import type { Phase } from '../../../../src/phases/phase.ts';
import {
  FLANNELD,
  flannelLink,
  routeTo,
  withoutFlannel,
  withoutFlannelLink,
} from '../../../../src/resources/network/flannel.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { hostOf, hostSaying, sight, worldOf } from '../world.ts';

const NOTHING = new Map<string, Change>();
const flannel = (settings: object = {}) => ({ network: { cni: 'flannel', flannel: settings } });
const eth0 = hostSaying('centos', {
  network: [
    '',
    '2: eth0    inet 192.0.2.12/24 brd 192.0.2.255 scope global eth0',
    'default via 192.0.2.1 dev eth0',
  ],
  mtu: ['lo 65536', '== mtu eth0 9000'],
});

/** The texts that a phase would write on w1, by path. */
function texts(phase: Phase, inventory: object, facts = eth0): Record<string, string> {
  const world = worldOf({ inventory: inventory as Record<string, unknown>, seen: { w1: { facts } } });
  const changes = phase.resources(world, hostOf(world, 'w1')).map((one) => one.diff(sight({}), NOTHING));
  return Object.fromEntries(
    changes.flatMap((change) => ('text' in change ? [[change.text.path, change.text.after]] : [])),
  );
}
const networkOf = (settings: object): unknown =>
  JSON.parse(texts(flannelPhase, flannel(settings))['/etc/kubernetes/flannel-network.json'] ?? '');
const bridgeOf = (inventory: object, facts = eth0): object =>
  (
    JSON.parse(texts(cniPhase, inventory, facts)['/etc/cni/net.d/10-bridge.conflist'] ?? '') as {
      plugins: object[];
    }
  ).plugins[0] ?? {};

describe('flannel', () => {
  it('runs on every node where it is chosen, and on none elsewhere', () => {
    const names = (inventory: object): string[] =>
      flannelPhase
        .hosts(worldOf({ inventory: inventory as Record<string, unknown> }))
        .map(({ name }) => name);
    expect(names(flannel())).toEqual(['m1', 'w1', 'w2']);
    expect(names({})).toEqual([]);
  });

  it('is told its node, its address and the network', () => {
    const unit = texts(flannelPhase, flannel())['/etc/systemd/system/flanneld.service'] ?? '';
    expect(unit).toContain('Environment=NODE_NAME=w1\n');
    expect(unit).toContain(' --iface=192.0.2.12 ');
    expect(unit).toContain('\nType=notify\n');
    expect(unit).not.toMatch(/[{]\w+[}]/);
    expect(networkOf({ port: 4789 })).toEqual({
      Network: '10.244.0.0/16',
      Backend: { Type: 'vxlan', VNI: 1, Port: 4789 },
    });
    expect(networkOf({ backend: 'host-gw' })).toEqual({
      Network: '10.244.0.0/16',
      Backend: { Type: 'host-gw' },
    });
  });

  it('leaves room in a packet for what it puts around it', () => {
    expect(bridgeOf(flannel())).toMatchObject({ type: 'bridge', mtu: 8950 });
    expect(bridgeOf(flannel({ backend: 'host-gw' }))).toMatchObject({ mtu: 9000 });
    expect(bridgeOf(flannel(), hostSaying('centos', {}))).not.toHaveProperty('mtu');
    expect(bridgeOf({})).not.toHaveProperty('mtu');
  });

  it('has the range of the node on the bridge as without it, and no routes of ours', () => {
    const { ['/etc/kubernetes/pod-routes']: table, ...others } = texts(cniPhase, flannel());
    expect(table?.split('\n').slice(1)).toEqual(['pods 10.244.0.0/16', '']);
    expect(Object.keys(others)).toContain('/etc/systemd/system/k8s-bootstrap-routes.service');
    expect(bridgeOf(flannel())).toMatchObject({ ipam: { ranges: [[{ subnet: '10.244.1.0/24' }]] } });
  });

  it('may read nodes and write their status', () => {
    const ids = (inventory: object): string => {
      const world = worldOf({ inventory: inventory as Record<string, unknown> });
      return rbacPhase
        .resources(world, hostOf(world, 'm1'))
        .map(({ id }) => id)
        .join('\n');
    };
    expect(ids(flannel())).toMatch(
      /clusterroles\/k8s-bootstrap%3Aflannel\n.*clusterrolebindings\/k8s-bootstrap%3Aflannel/,
    );
    expect(ids({})).not.toContain('flannel');
  });

  it('is reached by the other nodes alone, with vxlan', () => {
    const world = worldOf({ inventory: flannel() });
    const host = hostOf(world, 'w1');
    expect(opened(world, host).portsFor).toEqual([
      { source: '192.0.2.11', port: '8472/udp' },
      { source: '192.0.2.13', port: '8472/udp' },
    ]);
    expect(opened(world, host).ports).not.toContain('8472/udp');
    expect(openPorts(world, host)).toContain('8472/udp');
    const routed = worldOf({ inventory: flannel({ backend: 'host-gw' }) });
    expect(opened(routed, host).portsFor).toEqual([]);
    expect(openPorts(worldOf(), host)).not.toContain('8472/udp');
  });

  it('has its kernel module with vxlan', () => {
    const ids = (settings: object): string[] => {
      const world = worldOf({ inventory: flannel(settings) });
      return osPhase.resources(world, hostOf(world, 'w1')).map(({ id }) => id);
    };
    expect(ids({})).toContain('module:vxlan');
    expect(ids({ backend: 'host-gw' })).not.toContain('module:vxlan');
  });
});

describe('flannel.1', () => {
  const there = (output: string, code = 0) => ({ answers: { 'flannel-routes': { code, output } } });
  const diff = (code: number, upstream = NOTHING): Change =>
    flannelLink([], [routeTo('10.244.2.0/24')]).diff(sight(there('0002F40A 00FFFFFF', code)), upstream);

  it('is made again by a restart when it is gone, unless there is one anyway', () => {
    expect(diff(0)).toMatchObject({ kind: 'none' });
    expect(diff(1)).toMatchObject({ kind: 'restart', because: ['flannel.1 is gone'] });
    expect(diff(1, new Map([[`service:${FLANNELD}`, { kind: 'update', summary: '' }]]))).toMatchObject({
      kind: 'none',
    });
  });

  const ADDRESSES: Readonly<Record<string, string>> = {
    m1: '192.0.2.11',
    w1: '192.0.2.12',
    w2: '192.0.2.13',
  };
  const told = (node: string, change: object = {}): object => ({
    'kube-subnet-manager': 'true',
    'backend-type': 'vxlan',
    'public-ip': ADDRESSES[node],
    'backend-data': '{"VNI":1,"VtepMAC":"da:16:2f:01:02:03"}',
    ...change,
  });
  /** What is done about the device of w1, and what its gate misses, when w2 has told this and w1 has these routes. */
  function seenOn(
    output: string,
    w2: object,
    range = '10.244.2.0/24',
  ): { change: Change; missing: string | undefined } {
    const node = (name: string, podCIDR: string, lease: object): object => ({
      spec: { podCIDR },
      metadata: {
        name,
        annotations: Object.fromEntries(
          Object.entries(lease).map(([key, value]) => [`flannel.alpha.coreos.com/${key}`, String(value)]),
        ),
      },
    });
    const items = [
      node('m1', '10.244.0.0/24', told('m1')),
      node('w1', '10.244.1.0/24', told('w1')),
      node('w2', range, w2),
    ];
    const world = worldOf({
      inventory: flannel(),
      seen: { m1: { objects: { '/api/v1/nodes': { status: 200, body: { items } } } }, w1: there(output) },
    });
    const w1 = hostOf(world, 'w1');
    const seen = world.seen('w1') ?? sight({});
    const change = flannelPhase.resources(world, w1).at(-1)?.diff(seen, NOTHING) ?? {
      kind: 'none',
      why: 'no resource',
    };
    return { change, missing: flannelPhase.gates?.(world, w1).at(-1)?.judge(seen) };
  }
  const BOTH = '0000F40A 00FFFFFF\n0002F40A 00FFFFFF';

  it('is worth nothing without the routes behind it', () => {
    expect(seenOn(BOTH, told('w2'))).toMatchObject({ change: { kind: 'none' }, missing: undefined });
    for (const output of ['', '0000F40A 00FFFFFF', '0000F40A 00FFFFFF\n0002F40A 0000FFFF']) {
      const { change, missing } = seenOn(output, told('w2'));
      expect(change).toMatchObject({ kind: 'restart', because: [missing], interrupts: false });
      expect(missing).toMatch(/^no route to .*10\.244\.2\.0\/24 by flannel\.1$/);
    }
  });

  it.each([
    ['is another network', { 'backend-type': 'host-gw' }],
    ['is at another address', { 'public-ip': '192.0.2.99' }],
    ...[
      ['has no address behind it', '{"VtepMAC":"none"}'],
      ['is no JSON', 'x"VtepMAC":"da:16:2f:01:02:03"'],
      ['is cut off', '{"VtepMAC":"da:16:2f:01:02:03"'],
      ['is of another form', '{"VNI":"x","VtepMAC":"da:16:2f:01:02:03"}'],
      ['says one thing twice', '{"VtepMAC":"da:16:2f:01:02:03","vtepmac":7}'],
    ].map(([what = '', data = '']): [string, object] => [what, { 'backend-data': data }]),
    ['is no lease', { 'kube-subnet-manager': 'false' }],
  ])('needs no route to a node whose own word %s', (_what, change) => {
    expect(seenOn('0000F40A 00FFFFFF', told('w2', change))).toMatchObject({
      change: { kind: 'none' },
      missing: undefined,
    });
  });

  it.each(['10.244.2.0/25', '10.9.9.0/24', '10.244.2.5/24', '10.244.1.0/24', ''])(
    'needs no route to a range that we would not have given, as flanneld sets another: %s',
    (range) => {
      expect(seenOn('0000F40A 00FFFFFF', told('w2'), range)).toMatchObject({
        change: { kind: 'none' },
        missing: undefined,
      });
    },
  );

  it('goes where the backend makes none', () => {
    const change = (code: number): unknown =>
      withoutFlannelLink().diff(sight({ answers: { 'flannel-link': { code, output: '' } } }), NOTHING).kind;
    expect([change(0), change(1)]).toEqual(['delete', 'none']);
    const last = (settings: object): string | undefined => {
      const world = worldOf({
        inventory: flannel(settings),
        seen: {
          w1: {
            answers: { 'flannel-link': { code: 0, output: '' }, 'flannel-routes': { code: 0, output: '' } },
          },
        },
      });
      const link = flannelPhase.resources(world, hostOf(world, 'w1')).at(-1);
      return link?.diff(world.seen('w1') ?? sight({}), NOTHING).kind;
    };
    expect([last({}), last({ backend: 'host-gw' })]).toEqual(['none', 'delete']);
  });

  it.each([
    [{ active: 'active', enabled: 'enabled' }, 'delete'],
    [{ active: 'inactive', enabled: 'enabled' }, 'delete'],
    [{ active: 'inactive', enabled: 'disabled' }, 'none'],
    [undefined, 'none'],
  ])('goes with a flanneld that nobody wants any more: %j', (state, kind) => {
    const units = state ? { [FLANNELD]: state } : {};
    expect(withoutFlannel().diff(sight({ units }), NOTHING).kind).toBe(kind);
  });

  it('is looked at where another network is wanted', () => {
    const ids = (cni: string): string[] => {
      const world = worldOf({ inventory: { network: { cni } } });
      return cniPhase.resources(world, hostOf(world, 'w1')).map(({ id }) => id);
    };
    expect(ids('bridge')).toContain(`without:${FLANNELD}`);
    expect(ids('none')).toContain(`without:${FLANNELD}`);
    expect(ids('flannel')).not.toContain(`without:${FLANNELD}`);
  });
});
