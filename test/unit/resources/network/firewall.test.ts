import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { firewall } from '../../../../src/resources/network/firewall.ts';
import type { DirectRule, FirewallSpec } from '../../../../src/resources/network/firewall-rules.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import type { FileState } from '../../../../src/probe/observe.ts';
import { zoneSettings } from '../../../support/zone-settings.ts';
import { sight, textFile } from '../../phases/world.ts';

const rule = (source: string, port: string, protocol: string): string =>
  `rule family="ipv4" source address="${source}" port port="${port}" protocol="${protocol}" accept`;

const vrrp = (source: string): string =>
  `rule family="ipv4" source address="${source}" protocol value="vrrp" accept`;

/** What the question brings back, as firewalld 0.6 and 1.3 say it: literal answers have an array on few lines. */
const ZONE = [
  'zone public',
  '== runtime zone',
  zoneSettings({
    ports: ['6443/tcp', '111/udp'],
    rules: [rule('192.0.2.0/24', '2049', 'tcp'), rule('192.0.2.9', '111', 'udp'), vrrp('192.0.2.12')],
  }),
  '== active',
  '   array [',
  '      dict entry(',
  '         public         array [',
  '            dict entry(',
  '               interfaces               array [',
  '                  eth0               ]',
  '            )',
  '         ]',
  '      )',
  '      dict entry(',
  '         trusted         array [',
  '            dict entry(',
  '               interfaces               array [',
  '                  cni0               ]',
  '            )',
  '            dict entry(',
  '               sources               array [',
  '                  10.244.0.0/16                  10.9.0.0/16               ]',
  '            )',
  '         ]',
  '      )',
  '   ]',
  '== runtime direct',
  '   array [',
  '      struct {',
  '         ipv4         filter         FORWARD         int32 0',
  '         array [',
  '            -d            10.244.0.0/16            -j            ACCEPT         ]',
  '      }',
  '      struct {',
  '         ipv4         nat         POSTROUTING         int32 -1',
  '         array [',
  '            -s            10.244.0.0/16            !            -d            10.244.0.0/16            -j            MASQUERADE         ]',
  '      }',
  '      struct {',
  '         ipv6         nat         POSTROUTING         int32 0',
  '         array [',
  '            -j            ACCEPT         ]',
  '      }',
  '   ]',
  '== permanent zone',
  '<?xml version="1.0" encoding="utf-8"?>',
  '<zone>',
  '  <port port="6443" protocol="tcp"/>',
  '  <port protocol="udp" port="111"/>',
  '  <rule family="ipv4">',
  '    <source address="192.0.2.0/24"/>',
  '    <port port="2049" protocol="tcp"/>',
  '    <accept/>',
  '  </rule>',
  '  <rule family="ipv4">',
  '    <source address="192.0.2.9"/>',
  '    <port port="111" protocol="udp"/>',
  '    <accept/>',
  '  </rule>',
  '  <rule family="ipv4">',
  '    <source address="192.0.2.12"/>',
  '    <protocol value="vrrp"/>',
  '    <accept/>',
  '  </rule>',
  '  <rule family="ipv4">',
  '    <source address="192.0.2.66"/>',
  '    <port port="22" protocol="tcp"/>',
  '    <reject/>',
  '  </rule>',
  '</zone>',
  '== permanent trusted',
  '<zone target="ACCEPT">',
  '  <interface name="cni0"/>',
  '  <source address="10.244.0.0/16"/>',
  '</zone>',
  '<direct>',
  '  <rule ipv="ipv4" table="filter" chain="FORWARD" priority="0">-d 10.244.0.0/16 -j ACCEPT</rule>',
  '  <rule priority="0" table="nat" ipv="ipv4" chain="POSTROUTING">-s 10.244.0.0/16 \'!\' -d 10.244.0.0/16 -j MASQUERADE</rule>',
  '</direct>',
].join('\n');

const seen = (output: string) => sight({ answers: { firewalld: { code: 0, output } } });
const wanted = (more: Partial<FirewallSpec>) =>
  firewall({
    ports: [],
    portsFor: [],
    protocolsFor: [],
    trustedSources: [],
    trustedInterfaces: [],
    direct: [],
    ...more,
  });
const forward = (range: string): DirectRule => ({
  what: `forward to ${range}`,
  table: 'filter',
  chain: 'FORWARD',
  rule: `-d ${range} -j ACCEPT`,
});
const masquerade: DirectRule = {
  what: 'masquerade',
  table: 'nat',
  chain: 'POSTROUTING',
  rule: '-s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE',
};
const RECORD = '/var/lib/k8s-bootstrap/firewall';
const HEAD =
  '# What k8s-bootstrap has opened in firewalld. It closes what stands here and is wanted no more.\n';
/** A host that has written down what it has opened. */
const recorded = (...lines: readonly string[]) => {
  const text = HEAD + lines.map((line) => `${line}\n`).join('');
  const sha256 = createHash('sha256').update(text).digest('hex');
  return sight({
    answers: { firewalld: { code: 0, output: ZONE } },
    files: { [RECORD]: { ...textFile(text), mode: '0600', sha256 } as FileState },
  });
};
const changeOf = (more: Partial<FirewallSpec>, output = ZONE): Change =>
  wanted(more).diff(seen(output), new Map());

describe('firewalld', () => {
  it('is left alone when it does not run', () => {
    expect(changeOf({ ports: ['6443/tcp'] }, '')).toEqual({ kind: 'none', why: 'firewalld does not run' });
  });

  it('that runs and does not answer is not taken for one that does not run', () => {
    const silent = sight({ units: { 'firewalld.service': { active: 'active' } } });
    expect(wanted({ ports: ['6443/tcp'] }).diff(silent, new Map())).toMatchObject({
      kind: 'unknown',
      waitsFor: 'firewalld to answer dbus-send',
    });
  });

  it.each<[string, Partial<FirewallSpec>]>([
    ['ports', { ports: ['6443/tcp', '111/udp'] }],
    ['sources and interfaces', { trustedSources: ['10.244.0.0/16'], trustedInterfaces: ['cni0'] }],
    ['direct rules, of either table', { direct: [forward('10.244.0.0/16'), masquerade] }],
    [
      'ports for some',
      {
        portsFor: [
          { source: '192.0.2.0/24', port: '2049/tcp' },
          { source: '192.0.2.9', port: '111/udp' },
        ],
      },
    ],
    ['protocols for some', { protocolsFor: [{ source: '192.0.2.12', protocol: 'vrrp' }] }],
  ])('has all the %s', (_what, more) => {
    expect(changeOf(more)).toEqual({ kind: 'none', why: 'all open' });
  });

  it.each<[string, Partial<FirewallSpec>]>([
    ['open 2049/tcp', { ports: ['2049/tcp'] }],
    ['open 22/tcp to 192.0.2.66', { portsFor: [{ source: '192.0.2.66', port: '22/tcp' }] }],
    ['open 111/tcp to 192.0.2.9', { portsFor: [{ source: '192.0.2.9', port: '111/tcp' }] }],
    ['open vrrp to 192.0.2.13', { protocolsFor: [{ source: '192.0.2.13', protocol: 'vrrp' }] }],
    ['trust 10.9.0.0/16', { trustedSources: ['10.9.0.0/16'] }],
    ['trust eth0', { trustedInterfaces: ['eth0'] }],
    ['forward to 10.9.0.0/16', { direct: [forward('10.9.0.0/16')] }],
    ['masquerade', { direct: [{ ...masquerade, table: 'filter' }] }],
  ])('has to %s: a rule for some is not a port for all, nor the other way round', (summary, more) => {
    expect(changeOf(more)).toEqual({ kind: 'update', summary });
  });

  it.each<[string, Partial<FirewallSpec>, readonly string[], string[]]>([
    [
      'a port for a client that is gone',
      { portsFor: [{ source: '192.0.2.0/24', port: '2049/tcp' }] },
      ['port-for 192.0.2.0/24 2049/tcp', 'port-for 192.0.2.9 111/udp'],
      ['--zone=public', `'--remove-rich-rule=${rule('192.0.2.9', '111', 'udp')}'`],
    ],
    [
      'a protocol for a master that is gone',
      {},
      ['protocol-for 192.0.2.12 vrrp'],
      ['--zone=public', `'--remove-rich-rule=${vrrp('192.0.2.12')}'`],
    ],
    ['a port', {}, ['port 6443/tcp'], ['--zone=public', '--remove-port=6443/tcp']],
    ['a range', {}, ['source 10.244.0.0/16'], ['--zone=trusted', '--remove-source=10.244.0.0/16']],
    ['a bridge', {}, ['interface cni0'], ['--zone=trusted', '--remove-interface=cni0']],
    [
      'a direct rule',
      {},
      ['direct filter FORWARD -d 10.244.0.0/16 -j ACCEPT'],
      ['--direct --remove-rule ipv4 filter FORWARD 0 -d 10.244.0.0/16 -j ACCEPT'],
    ],
  ])(
    'closes %s, now and for ever, which it has opened, and forgets it behind that',
    async (_what, more, lines, words) => {
      const now = recorded(...lines);
      const change = wanted(more).diff(now, new Map());
      expect(change).toMatchObject({
        kind: 'update',
        summary: expect.stringMatching(/^no longer [^,]+$/) as string,
      });
      const [run, record, ...rest] = await wanted(more).steps(change, now);
      expect(run?.op === 'run' && run.script.split('\n')).toEqual(
        ['', '--permanent '].map((place) => `firewall-cmd -q ${place}${words.join(' ')}`),
      );
      const left =
        record?.op === 'write' ? Buffer.concat([...(record.content.open() as Iterable<Uint8Array>)]) : '';
      expect(left.toString()).toBe(
        HEAD +
          lines
            .slice(0, -1)
            .map((line) => `${line}\n`)
            .join(''),
      );
      expect(rest).toEqual([]);
    },
  );

  it('closes nothing that it has not opened, nor what it cannot read', () => {
    const none = { kind: 'none', why: 'all open' };
    expect(changeOf({})).toEqual(none);
    expect(wanted({ ports: ['6443/tcp'] }).diff(recorded('port 6443/tcp'), new Map())).toEqual(none);
    const strange = recorded('port 6443/tcp;reboot', 'interface $(reboot)', 'direct filter INPUT -j DROP');
    expect(wanted({}).diff(strange, new Map())).toEqual({
      kind: 'update',
      summary: 'what was opened is written down',
    });
  });

  it('writes down only what was not open before', async () => {
    const resource = wanted({ ports: ['6443/tcp', '1/tcp'] });
    const [record] = await resource.steps(resource.diff(seen(ZONE), new Map()), seen(ZONE));
    const text =
      record?.op === 'write' ? Buffer.concat([...(record.content.open() as Iterable<Uint8Array>)]) : '';
    expect(text.toString()).toBe(`${HEAD}port 1/tcp\n`);
  });

  it.each([
    ['a destination', '<destination address="192.0.2.66"/>'],
    ['a limit', '<accept><limit value="1/m"/></accept>'],
    ['a log', '<log/>'],
    ['a mark', '<mark set="1"/>'],
    ['another source', '<source address="192.0.2.13" invert="true"/>'],
  ])('is not open by a rule that is narrowed by %s', (_what, more) => {
    const narrowed = (rest: string): string =>
      ZONE.replaceAll(rest, `${rest}\n    ${more}`).replace(
        /^ *<accept\/>$/gm,
        more.includes('<accept>') ? '' : '$&',
      );
    const spec = {
      portsFor: [{ source: '192.0.2.9', port: '111/udp' }],
      protocolsFor: [{ source: '192.0.2.12', protocol: 'vrrp' }],
    };
    expect(wanted(spec).diff(seen(ZONE), new Map())).toMatchObject({ kind: 'none' });
    for (const [rest, opens] of [
      ['<port port="111" protocol="udp"/>', 'open 111/udp to 192.0.2.9'],
      ['<protocol value="vrrp"/>', 'open vrrp to 192.0.2.12'],
    ] as const) {
      expect(wanted(spec).diff(seen(narrowed(rest)), new Map())).toMatchObject({
        summary: expect.stringContaining(opens) as string,
      });
    }
  });

  it('gets rules in a call of their own, for now and for ever', async () => {
    const resource = wanted({
      ports: ['1/tcp'],
      portsFor: ['2/tcp', '2/udp'].map((port) => ({ source: '192.0.2.9', port })),
    });
    const [record, step] = await resource.steps(resource.diff(seen(ZONE), new Map()), seen(ZONE));
    const rich = (protocol: string): string => `'--add-rich-rule=${rule('192.0.2.9', '2', protocol)}'`;
    expect(record).toMatchObject({ op: 'write', path: RECORD });
    expect(step?.op === 'run' && step.script.split('\n')).toEqual([
      'firewall-cmd -q --zone=public --add-port=1/tcp',
      `firewall-cmd -q --zone=public ${rich('tcp')} ${rich('udp')}`,
      'firewall-cmd -q --permanent --zone=public --add-port=1/tcp',
      `firewall-cmd -q --permanent --zone=public ${rich('tcp')} ${rich('udp')}`,
    ]);
  });
});
