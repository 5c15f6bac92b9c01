import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { balancerPhase, inOrder } from '../../../../src/phases/node/balancer.ts';
import { packagesPhase } from '../../../../src/phases/host/packages.ts';
import { apiEndpoint, apiForNode, nodes } from '../../../../src/phases/shared/topology.ts';
import { balancerConfig } from '../../../../src/templates/balancer.ts';
import { hostOf, hostSaying, sight, worldOf } from '../world.ts';

const node = (name: string, last: number, role: string): object => ({
  name,
  address: `192.0.2.${last}`,
  roles: [role],
});
const hosts = (masters: number, workers: number): object[] => [
  ...Array.from({ length: masters }, (_, n) => node(`m${n + 1}`, 11 + n, 'master')),
  ...Array.from({ length: workers }, (_, n) => node(`w${n + 1}`, 101 + n, 'worker')),
];
const world = (masters: number, workers: number, apiServer = {}): ReturnType<typeof worldOf> =>
  worldOf({ inventory: { hosts: hosts(masters, workers), apiServer } });

describe('the way of a node to the API', () => {
  it.each([
    ['one master', 1, {}, { m1: 'https://192.0.2.11:6443', w1: 'https://192.0.2.11:6443' }],
    ['several', 2, {}, { m1: 'https://127.0.0.1:6444', w1: 'https://127.0.0.1:6444' }],
    [
      'one, and asked for',
      1,
      { balancer: 'local' },
      { m1: 'https://127.0.0.1:6444', w1: 'https://127.0.0.1:6444' },
    ],
    ['an endpoint', 2, { endpoint: 'api:7000' }, { m1: 'https://192.0.2.11:6443', w1: 'https://api:7000' }],
    [
      'an endpoint for users',
      2,
      { endpoint: 'api', balancer: 'local' },
      { m1: 'https://127.0.0.1:6444', w1: 'https://127.0.0.1:6444' },
    ],
    [
      'an endpoint for users, and none',
      2,
      { endpoint: 'api', balancer: 'none' },
      { m1: 'https://192.0.2.11:6443', w1: 'https://192.0.2.11:6443' },
    ],
    [
      'none',
      2,
      { balancer: 'none', port: 7443 },
      { m1: 'https://192.0.2.11:7443', w1: 'https://192.0.2.11:7443' },
    ],
  ])('with %s', (_title, masters, apiServer, wanted) => {
    const here = world(masters, 1, apiServer);
    const found = Object.keys(wanted).map((name) => [name, apiForNode(here, hostOf(here, name))]);
    expect(Object.fromEntries(found)).toEqual(wanted);
  });

  it('is no user’s', () => {
    expect(apiEndpoint(world(2, 1))).toBe('https://192.0.2.11:6443');
    expect(apiEndpoint(world(2, 1, { endpoint: 'api', balancer: 'local' }))).toBe('https://api:6443');
  });
});

describe('the balancer', () => {
  const order = (masters: number, name: string): string[] => {
    const here = world(masters, 60);
    return inOrder(here, hostOf(here, name)).map((host) => host.name);
  };

  it('takes a master’s own API server first, and others while that is down', () => {
    const masters = ['m1', 'm2', 'm3', 'm4', 'm5'];
    expect(masters.map((name) => order(5, name)[0])).toEqual(masters);
    const here = world(3, 1);
    const text = (name: string): string => configOn(here, name);
    const lines = text('m2')
      .split('\n')
      .filter((line) => /^\s+server /.test(line));
    expect(lines.map((line) => [/server (\S+)/.exec(line)?.[1], line.endsWith(' backup')])).toEqual([
      ['m2', false],
      [expect.stringMatching(/^m[13]$/), true],
      [expect.stringMatching(/^m[13]$/), true],
    ]);
    expect(text('w1')).not.toContain('backup');
  });

  it('begins with another master on every third worker', () => {
    const firsts = Array.from({ length: 60 }, (_, n) => order(3, `w${n + 1}`)[0]);
    for (const master of ['m1', 'm2', 'm3']) {
      expect(firsts.filter((first) => first === master).length).toBeGreaterThan(10);
    }
  });

  it('keeps the order of those that stay when a master comes or a node goes', () => {
    for (const name of ['w1', 'w7', 'm1']) {
      expect(order(4, name).filter((master) => master !== 'm4')).toEqual(order(3, name));
    }
    const few = world(3, 1);
    expect(inOrder(few, hostOf(few, 'w1')).map((host) => host.name)).toEqual(order(3, 'w1'));
  });

  it('is on every node where it is wanted, with haproxy of the system', () => {
    const names = (here: ReturnType<typeof world>): string[] =>
      balancerPhase.hosts(here).map(({ name }) => name);
    const packages = (here: ReturnType<typeof world>): string =>
      JSON.stringify(packagesPhase.resources(here, hostOf(here, 'w1')).flatMap(({ watches }) => watches));
    const two = world(2, 1);
    expect(names(two)).toEqual(nodes(two).map(({ name }) => name));
    expect(packages(two)).toContain('"haproxy"');
    expect(names(world(1, 1))).toEqual([]);
    expect(packages(world(1, 1))).not.toContain('haproxy');
  });

  it('lets haproxy dial any port where SELinux decides', () => {
    const ids = (selinux: string): string[] => {
      const enforcing = worldOf({
        inventory: { hosts: hosts(2, 1) },
        seen: { w1: { facts: worldFacts(selinux) } },
      });
      return balancerPhase.resources(enforcing, hostOf(enforcing, 'w1')).map(({ id }) => id);
    };
    expect(ids('1')).toContain('selinux:haproxy_connect_any');
    expect(ids('0')).not.toContain('selinux:haproxy_connect_any');
  });

  it.each([
    [200, undefined],
    [401, undefined],
    [403, undefined],
    [0, 'no answer'],
    [503, 'HTTP 503'],
  ])('has come up when an API server says %i', (status, missing) => {
    const here = world(2, 1);
    const [gate] = balancerPhase.gates?.(here, hostOf(here, 'w1')) ?? [];
    const seen = { ...sight({}), endpoint: () => ({ status, text: '' }) };
    expect(gate?.judge(seen)).toBe(missing);
    expect(gate?.judge(sight({}))).toBe('no answer');
  });
});

/** The configuration as a host gets it. */
function configOn(here: ReturnType<typeof world>, name: string): string {
  const file = balancerPhase
    .resources(here, hostOf(here, name))
    .find(({ id }) => id === 'file:/etc/kubernetes/balancer/haproxy.cfg');
  const change = file?.diff(sight({}), new Map());
  return change?.kind === 'create' ? (change.text?.after ?? '') : '';
}

const worldFacts = (selinux: string): string => hostSaying('centos', { selinux });

/** What haproxy 1.5 knows; its later versions take all of it, too. */
const known = load(
  readFileSync(new URL('../../../cases/haproxy-1.5.yaml', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

/** Words of a configuration that the table does not have, with their line. */
function unknownWords(config: string): string[] {
  let section = '';
  return config.split('\n').flatMap((line) => {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') return [];
    if (/^\S/.test(line)) {
      [section = ''] = text.split(' ');
      return known[section] ? [] : [text];
    }
    if ((known[section] ?? []).some((form) => new RegExp(`^${form}$`).test(text))) return [];
    const [directive, ...words] = text.split(' ');
    const values = directive === 'server' ? words.slice(2) : words;
    if (directive !== 'server' && directive !== 'default-server') return [text];
    return wordsOf(values, known[directive] ?? []).map((word) => `${directive} … ${word}`);
  });
}

/** A word of the table that ends in a blank takes the next one for its value. */
function wordsOf(words: readonly string[], forms: readonly string[]): string[] {
  const [word, ...rest] = words;
  if (word === undefined) return [];
  if (forms.includes(`${word} VALUE`)) return wordsOf(rest.slice(1), forms);
  return forms.includes(word) ? wordsOf(rest, forms) : [word, ...wordsOf(rest, forms)];
}

describe('the configuration', () => {
  it.each(['m1', 'w1'])('of %s has only what haproxy 1.5 of CentOS 7 knows', (name) => {
    expect(unknownWords(configOn(world(3, 1), name))).toEqual([]);
  });

  it.each([
    ['global', 'nbthread 4'],
    ['defaults', 'timeout server-fin 1s'],
    ['listen x', 'http-check send meth GET uri /healthz'],
    ['listen x', 'option httpchk'],
    ['listen x', 'default-server check-ssl'],
    ['listen x', 'server m1 192.0.2.1:1 check check-alpn h2'],
    ['resolvers x', ''],
  ])('would not with %s: %s', (section, line) => {
    expect(unknownWords(`${section}\n    ${line}\n`)).not.toEqual([]);
  });

  it('listens on loopback alone', () => {
    const text = balancerConfig({ port: 6444, ca: '/ca', identity: '/id', servers: [] });
    expect(text.match(/^ *bind .*$/gm)).toEqual(['    bind 127.0.0.1:6444']);
  });
});
