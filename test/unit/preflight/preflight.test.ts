import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import {
  type Finding,
  checking,
  checks,
  neverIgnored,
  preflightFindings,
} from '../../../src/preflight/preflight.ts';
import { type WorldSpec, hostSaying, textFile, worldOf } from '../phases/world.ts';
import { LONG_AGO } from '../../../src/users/decisions.ts';
import { newUser } from '../../../src/users/new-user.ts';
import { openssl } from '../pki/support.ts';

type Said = Readonly<Record<string, string | readonly string[]>>;

interface Case {
  readonly when: string;
  readonly says?: Said;
  /** What w2 says; by default it is fresh. */
  readonly other?: Said;
  readonly world?: WorldSpec;
  readonly host?: string;
  readonly family?: 'centos' | 'debian';
  readonly finds: `${Finding['level']} ${string}` | 'nothing';
}

const cases = load(
  readFileSync(new URL('../../cases/preflight/hosts.yaml', import.meta.url), 'utf8'),
) as Record<string, Case[]>;

/** These are tried below, or in a file of their own. */
const ELSEWHERE = ['clock', 'firewalld', 'images', 'service-range', 'state-other'];

describe.each(checks.map(({ id }) => id))('%s', (id) => {
  const own = cases[id] ?? [];
  it('has cases', () => {
    expect(own.length > 0 || ELSEWHERE.includes(id)).toBe(true);
  });
  it.each(own)('$when → $finds', ({ says, other, world = {}, host = 'w1', family = 'centos', finds }) => {
    const seen = {
      ...world.seen,
      ...(other && { w2: { facts: hostSaying('centos', other) } }),
      [host]: { ...world.seen?.[host], facts: hostSaying(family, says ?? {}) },
    };
    const found = preflightFindings(worldOf({ ...world, seen })).filter(
      (one) => one.host === host && one.id === id,
    );
    if (finds === 'nothing') {
      expect(found).toEqual([]);
      return;
    }
    const [level = '', ...words] = finds.split(' ');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ level, message: expect.stringContaining(words.join(' ')) as string });
    if (level !== 'fixed-by-up') expect(found[0]?.hint).toMatch(/^[A-Z].*[a-z.:]/);
  });
});

describe('clock', () => {
  const skewed = (clock: number): string | undefined =>
    preflightFindings(
      worldOf({ seen: { w1: { clock } } }),
      new Map([['w1', { asked: 1000, answered: 1003 }]]),
    )
      .filter(({ id }) => id === 'clock')
      .map(({ level, message }) => `${level}: ${message}`)[0];

  it('is right when it lies between question and answer, give or take 2 s', () => {
    expect([998, 1000, 1003, 1005].map(skewed)).toEqual([undefined, undefined, undefined, undefined]);
  });
  it('warns above 2 s and refuses above 60 s', () => {
    expect(skewed(997)).toBe("warn: its clock is 3 s behind this machine's");
    expect(skewed(1063)).toBe("warn: its clock is 60 s ahead of this machine's");
    expect(skewed(1064)).toBe("error: its clock is 61 s ahead of this machine's");
  });
});

describe('all clocks that are wrong', () => {
  const hints = (...clocks: number[]): (string | undefined)[] => {
    const names = ['m1', 'w1', 'w2'].slice(0, clocks.length);
    const seen = Object.fromEntries(names.map((name, index) => [name, { clock: clocks[index] ?? 0 }]));
    const times = new Map(names.map((name) => [name, { asked: 10_000, answered: 10_001 }]));
    return preflightFindings(worldOf({ seen }), times)
      .filter(({ id }) => id === 'clock')
      .map(({ hint }) => /^All hosts are (behind|ahead)/.exec(hint ?? '')?.[1]);
  };
  it.each<[string, number[], (string | undefined)[]]>([
    ['by as much are this machine’s fault', [2800, 2800, 2801], ['behind', 'behind', 'behind']],
    ['ahead by as much, too', [17_200, 17_201], ['ahead', 'ahead']],
    ['by other times are their own', [2800, 2900], [undefined, undefined]],
    ['but one are their own', [10_000, 2800, 2800], [undefined, undefined]],
    ['of a single host are its own', [2800], [undefined]],
  ])('%s', (_which, clocks, expected) => {
    expect(hints(...clocks)).toEqual(expected);
  });
});

it.each([
  ['open-ports', undefined],
  ['disable', 'fixed-by-up'],
  ['ignore', 'warn'],
])('firewalld with os.firewall: %s → %s', (wanted, level) => {
  const world = worldOf({
    inventory: { os: { firewall: wanted } },
    seen: { w1: { units: { 'firewalld.service': { active: 'active' } } } },
  });
  expect(preflightFindings(world).find(({ host, id }) => host === 'w1' && id === 'firewalld')?.level).toBe(
    level,
  );
});

it('firewalld that cannot be asked is an error where ports are to be opened', () => {
  const found = (output: string): Finding | undefined =>
    preflightFindings(
      worldOf({
        seen: {
          w1: {
            units: { 'firewalld.service': { active: 'active' } },
            answers: { firewalld: { code: 0, output } },
          },
        },
      }),
    ).find(({ host, id }) => host === 'w1' && id === 'firewalld');
  expect(found('no dbus-send\n')).toMatchObject({
    level: 'error',
    message: expect.stringContaining('dbus-send') as string,
  });
  expect(found('zone public\n')).toBeUndefined();
});

describe('service-range', () => {
  const certificate = openssl([
    ...[
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '/dev/null',
    ],
    ...['-subj', '/CN=kube-apiserver', '-addext', 'subjectAltName=IP:10.96.0.1,IP:192.0.2.11'],
  ]);
  const found = (serviceCIDR: string, says: Said, text = certificate): string | undefined =>
    preflightFindings(
      worldOf({
        caKeyId: 'aa',
        inventory: { network: { serviceCIDR } },
        seen: {
          m1: {
            facts: hostSaying('centos', says),
            files: { '/etc/kubernetes/pki/apiserver.crt': textFile(text) },
          },
        },
      }),
    ).find(({ id }) => id === 'service-range')?.message;
  const ours = { 'cluster.name': 'demo', 'cluster.ca': 'aa' };
  it.each([
    ['as it was', '10.96.0.0/16', ours, certificate, undefined],
    ['widened', '10.96.0.0/12', ours, certificate, undefined],
    ['another', '10.112.0.0/16', ours, certificate, '10.112.0.1'],
    ['another, before there is a cluster', '10.112.0.0/16', {}, certificate, undefined],
    ['another, beside what is no certificate', '10.112.0.0/16', ours, 'x', undefined],
  ])('%s', (_when, cidr, says, text, told) => {
    const message = found(cidr, says, text);
    if (told === undefined) expect(message).toBeUndefined();
    else expect(message).toContain(told);
  });
});

it('says nothing of hosts that were not seen', () => {
  expect(preflightFindings(worldOf({ seen: { m1: undefined, w1: undefined, w2: undefined } }))).toEqual([]);
});

it('finds nothing wrong with a host of ours that works', () => {
  const facts = hostSaying('centos', {
    'cluster.name': 'demo',
    'cluster.ca': 'aa',
    uname: 'w1 4.18.0 x86_64',
    selinux: '0',
    network: [
      '',
      '2: eth0    inet 192.0.2.12/24 brd 192.0.2.255 scope global eth0',
      'default via 192.0.2.1 dev eth0',
    ],
    mark: '/etc/systemd/system/kubelet.service',
    listening: ['', 'LISTEN 0 128 *:10250 *:* users:(("kubelet",pid=1,fd=2))'],
  });
  const world = worldOf({
    caKeyId: 'aa',
    seen: { m1: undefined, w2: undefined, w1: { facts, packages: { docker: '1.13.1' } } },
  });
  expect(preflightFindings(world)).toEqual([]);
});

it('names checks once, and never lets another cluster be ignored', () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining([...neverIgnored]));
});

it('a range of services that begins at the same address is another one all the same', () => {
  const found = (started: string): (string | undefined)[] =>
    preflightFindings(
      worldOf({
        caKeyId: 'aa',
        inventory: { network: { serviceCIDR: '10.96.0.0/16' } },
        seen: {
          m1: {
            facts: hostSaying('centos', { 'cluster.name': 'demo', 'cluster.ca': 'aa' }),
            answers: { 'service-range': { code: 0, output: started } },
          },
        },
      }),
    )
      .filter(({ id }) => id === 'service-range')
      .map(({ level, message }) => `${level}: ${message}`);
  expect(found('10.96.0.0/16\n')).toEqual([]);
  expect(found('10.96.0.0/12\n')).toEqual([
    'error: network.serviceCIDR is 10.96.0.0/16, and the API server here was started with 10.96.0.0/12',
  ]);
});

it('nobody whom the cluster knows as revoked comes back with an old state folder, whatever is ignored', () => {
  const path = '/api/v1/namespaces/kube-system/configmaps/k8s-bootstrap-revoked-users';
  const body = { data: { 'revoked.json': '[{"name":"bob","at":"2026-01-02T03:04:05.000Z"}]' } };
  const world = worldOf({
    users: {
      users: () => [newUser('bob')],
      decisions: () => [{ name: 'bob', at: LONG_AGO, rights: 'x' }],
    },
    seen: { m1: { objects: { [path]: { status: 200, body } } } },
  });
  expect(preflightFindings(world).filter(({ id }) => id === 'revoked-users')).toMatchObject([
    {
      host: 'm1',
      level: 'error',
      message: 'the state folder lets in bob, who was revoked on 2026-01-02 03:04 UTC',
    },
  ]);
  expect(neverIgnored).toEqual(expect.arrayContaining(['revoked-users', 'outdated-users']));
});

it('lets others have their turn after each host', () => {
  const world = worldOf({ seen: { m1: {}, w1: {} } });
  expect([...checking(world)]).toHaveLength(world.inventory.hosts.length);
});
