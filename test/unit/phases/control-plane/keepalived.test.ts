import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../src/kernel/secret.ts';
import { apiserverPhase } from '../../../../src/phases/control-plane/apiserver.ts';
import { keepalivedPhase } from '../../../../src/phases/control-plane/keepalived.ts';
import { firewallPhase, openPorts } from '../../../../src/phases/host/firewall.ts';
import { packagesPhase } from '../../../../src/phases/host/packages.ts';
import { subjectOf } from '../../../../src/phases/shared/certificates.ts';
import { apiEndpoint, apiForNode } from '../../../../src/phases/shared/topology.ts';
import { vipWatch } from '../../../../src/phases/shared/vip.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { specFor } from '../../../../src/pki/profiles.ts';
import type { PkiStore } from '../../../../src/pki/open-pki-store.ts';
import { type Sight, hostOf, hostSaying, sight, worldOf } from '../world.ts';

const VIP = '192.0.2.100';
const hosts = (masters: number): object[] => [
  ...Array.from({ length: masters }, (_, n) => ({
    name: `m${n + 1}`,
    address: `192.0.2.${11 + n}`,
    roles: ['master'],
  })),
  { name: 'w1', address: '192.0.2.101', roles: ['worker'] },
];

/** Keys as the state folder has them, and what was asked of them. */
const keysOf = (key: string): Partial<PkiStore> => ({
  keyText: (name, render) => (name === 'encryption' ? render?.(new Secret(key)) : undefined),
});
const world = (
  masters: number,
  apiServer: object = { keepalived: { vip: VIP } },
  { seen = {}, key = 'k' }: { seen?: Record<string, Sight>; key?: string } = {},
): ReturnType<typeof worldOf> =>
  worldOf({ inventory: { hosts: hosts(masters), apiServer }, pki: keysOf(key), seen });
type World = ReturnType<typeof world>;

const CONFIG = '/etc/kubernetes/keepalived/keepalived.conf';

/** A file as a host gets it, also one that no plan shows. */
async function textOn(here: World, name: string, path = CONFIG): Promise<string> {
  const resource = keepalivedPhase
    .resources(here, hostOf(here, name))
    .find(({ id }) => id === `file:${path}`);
  const steps = await resource?.steps(resource.diff(sight({}), new Map()), sight({}));
  const [write] = (steps ?? []).filter(({ op }) => op === 'write');
  return write?.op === 'write'
    ? Buffer.concat([...(write.content.open() as Iterable<Uint8Array>)]).toString()
    : '';
}
const wordOf = (text: string, word: string): string =>
  new RegExp(`^ *${word} (.+)$`, 'm').exec(text)?.[1] ?? '';

describe('the address for users', () => {
  it('is known to be a master’s own by the configuration that it gets, whoever answers there', async () => {
    const here = world(2);
    const folder = temporaryFolder();
    const config = join(folder, 'keepalived.conf');
    for (const program of ['ip', 'ping'])
      writeFileSync(join(folder, program), '#!/bin/sh\n', { mode: 0o755 });
    const told = (vip = VIP): string => {
      const [watch] = vipWatch(world(2, { keepalived: { vip } }).inventory, hostOf(here, 'm1'));
      const script = watch?.kind === 'answer' ? watch.script.replaceAll(CONFIG, config) : '';
      const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
      return execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).trim();
    };
    expect(told()).toBe('taken');
    writeFileSync(config, await textOn(here, 'm1'));
    expect(told()).toBe('ours');
    expect(told('192.0.2.10')).toBe('taken');
  });

  it('is where they reach the API, in the API server’s certificate, and no node’s', () => {
    const here = world(2);
    expect(apiEndpoint(here)).toBe(`https://${VIP}:6443`);
    expect(specFor('apiserver', subjectOf(here, hostOf(here, 'm2'))).ips).toContain(VIP);
    for (const name of ['m1', 'w1'])
      expect(apiForNode(here, hostOf(here, name))).toBe('https://127.0.0.1:6444');
  });

  it.each([
    ['named as the endpoint, too', { endpoint: VIP }, 'https://127.0.0.1:6444'],
    ['with a port', { endpoint: `${VIP}:6443` }, 'https://127.0.0.1:6444'],
    ['that nodes are told to dial', { balancer: 'external' }, `https://${VIP}:6443`],
  ])('%s', (_title, more, wanted) => {
    const here = world(2, { keepalived: { vip: VIP }, ...more });
    expect([apiEndpoint(here), apiForNode(here, hostOf(here, 'w1'))]).toEqual([
      `https://${VIP}:6443`,
      wanted,
    ]);
  });

  it('is listened on by API servers, and only where there is one', () => {
    const bound = (here: World): string | undefined => {
      const unit = apiserverPhase
        .resources(here, hostOf(here, 'm1'))
        .find(({ id }) => id === 'file:/etc/systemd/system/kube-apiserver.service');
      const change = unit?.diff(sight({}), new Map());
      return /--bind-address=(\S+)/.exec(change?.kind === 'create' ? (change.text?.after ?? '') : '')?.[1];
    };
    expect(bound(world(2))).toBe('0.0.0.0');
    expect(bound(world(2, {}))).toBe('192.0.2.11');
  });
});

const CHECK = '/etc/kubernetes/keepalived/check.sh';
const FILES = ['ca.crt', 'balancer.crt', 'balancer.pem']
  .map((name) => `/etc/kubernetes/pki/${name}`)
  .join(' ');

describe('keepalived', () => {
  it('is on masters alone, with the package of the system', () => {
    const here = world(2);
    const packages = (name: string, of = here): string =>
      JSON.stringify(packagesPhase.resources(of, hostOf(of, name)).flatMap(({ watches }) => watches));
    expect(keepalivedPhase.hosts(here).map(({ name }) => name)).toEqual(['m1', 'm2']);
    expect(packages('m1')).toContain('"keepalived"');
    expect(packages('w1')).not.toContain('"keepalived"');
    const without = world(2, {});
    expect(keepalivedPhase.hosts(without)).toEqual([]);
    expect(packages('m1', without)).not.toContain('"keepalived"');
  });

  it('gives it to the first master that is well, whoever starts first', async () => {
    const here = world(3);
    const texts = await Promise.all(['m1', 'm2', 'm3'].map((name) => textOn(here, name)));
    expect(texts.map((text) => [wordOf(text, 'state'), wordOf(text, 'priority')])).toEqual([
      ['BACKUP', '150'],
      ['BACKUP', '149'],
      ['BACKUP', '148'],
    ]);
    // Below all that are well, and among those that are not in the same order.
    expect(Number(wordOf(texts[0]!, 'weight'))).toBe(-100);
    expect(texts.join('')).not.toMatch(/^ *nopreempt/m);
  });

  it('is told the other masters, and its own address', async () => {
    const text = await textOn(world(3), 'm2');
    expect(wordOf(text, 'unicast_src_ip')).toBe('192.0.2.12');
    expect(/unicast_peer \{\n([^}]*)\}/.exec(text)?.[1]?.trim().split(/\s+/)).toEqual([
      '192.0.2.11',
      '192.0.2.13',
    ]);
    expect(await textOn(world(1), 'm1')).not.toContain('unicast');
  });

  it('has a master more or less by a restart', () => {
    const here = world(2);
    const service = keepalivedPhase
      .resources(here, hostOf(here, 'm1'))
      .find(({ id }) => id === 'service:k8s-bootstrap-keepalived.service');
    const running = sight({
      units: { 'k8s-bootstrap-keepalived.service': { active: 'active', enabled: 'enabled' } },
    });
    const upstream = new Map([[`file:${CONFIG}`, { kind: 'update', summary: '' } as const]]);
    expect(service?.diff(running, upstream)).toMatchObject({ kind: 'restart', summary: 'restart' });
    expect(service?.diff(running, new Map())).toMatchObject({ kind: 'none' });
  });

  it.each([
    ['the interface of its own address', {}, 'bond0'],
    ['the one that is named', { interface: 'eth1' }, 'eth1'],
  ])(
    'has the address on %s, and hears the others on that of its own, to which it is bound',
    async (_title, more, wanted) => {
      const network = [
        '',
        '2: eth1    inet 10.9.0.1/24',
        '3: bond0    inet 192.0.2.11/24',
        'default dev eth1',
      ];
      const seen = { m1: { facts: hostSaying('centos', { network }) } };
      const here = world(2, { keepalived: { vip: VIP, ...more } }, { seen });
      const text = await textOn(here, 'm1');
      expect([wordOf(text, 'interface'), wordOf(text, VIP)]).toEqual(['bond0', `dev ${wanted}`]);
    },
  );

  it('has a password that is the cluster’s, the same on all masters, and tells nothing of its key', async () => {
    const passwords = async (key: string): Promise<string[]> => {
      const here = world(2, undefined, { key });
      return Promise.all(['m1', 'm2'].map(async (name) => wordOf(await textOn(here, name), 'auth_pass')));
    };
    const [own, same] = await passwords('c2VjcmV0LWtleQ==');
    expect(own).toMatch(/^[\w-]{8}$/);
    expect(same).toBe(own);
    expect((await passwords('YW5vdGhlcg=='))[0]).not.toBe(own);
    expect('c2VjcmV0LWtleQ==').not.toContain(own);
  });

  it('is configured by what no plan shows', () => {
    const here = world(2);
    const resource = keepalivedPhase
      .resources(here, hostOf(here, 'm1'))
      .find(({ id }) => id === `file:${CONFIG}`);
    const change = resource?.diff(sight({}), new Map());
    expect(change).toEqual({
      kind: 'create',
      summary: expect.stringMatching(/^secret, \d+ bytes$/) as string,
    });
    expect(resource?.watches).toEqual([{ kind: 'file', key: CONFIG, read: 'secret' }]);
  });

  it('has the certificate that the balancer brings, or its own where there is none', () => {
    const leafs = (apiServer: object): number => {
      const here = world(2, { keepalived: { vip: VIP }, ...apiServer });
      return keepalivedPhase
        .resources(here, hostOf(here, 'm1'))
        .filter(({ id }) => id === 'certificate:/etc/kubernetes/pki/balancer.crt').length;
    };
    expect([leafs({}), leafs({ balancer: 'external' })]).toEqual([0, 1]);
  });

  it('asks the API server of its own host, and never for long', async () => {
    const config = await textOn(world(2), 'm2');
    expect(wordOf(config, 'script')).toBe(`"/bin/sh ${CHECK} own ${FILES} https://192.0.2.12:6443/healthz"`);
    expect(await textOn(world(2), 'm2', CHECK)).toMatch(/timeout 3 curl .*--max-time 2/);
    expect(Number(wordOf(config, 'timeout'))).toBeGreaterThan(3);
  });

  it('may dial any port where SELinux decides', () => {
    const ids = (selinux: string): string[] => {
      const here = world(2, undefined, { seen: { m1: { facts: hostSaying('centos', { selinux }) } } });
      return keepalivedPhase.resources(here, hostOf(here, 'm1')).map(({ id }) => id);
    };
    expect(ids('1')).toContain('selinux:keepalived_connect_any');
    expect(ids('0')).not.toContain('selinux:keepalived_connect_any');
  });

  it.each([
    [401, undefined],
    [0, 'no answer'],
    [503, 'HTTP 503'],
  ])('has come up when an API server says %i at the address', (status, missing) => {
    const here = world(2);
    const [gate] = keepalivedPhase.gates?.(here, hostOf(here, 'm2')) ?? [];
    const asked: string[] = [];
    const endpoint = (url: string): { status: number; text: string } => {
      asked.push(url);
      return { status, text: '' };
    };
    expect(gate?.judge({ ...sight({}), endpoint })).toBe(missing);
    expect(asked).toEqual([`https://${VIP}:6443/healthz`]);
  });
});

describe('a master that hears nobody', () => {
  it('is no candidate while its API server is not well and that of another is', async () => {
    const text = await textOn(world(3), 'm2');
    const [, script = ''] = /vrrp_script others \{\n([^}]*)\}/.exec(text) ?? [];
    // A fault, whatever its priority: nobody is there whose is higher.
    expect(script).not.toMatch(/^ *(?:weight|init_fail)/m);
    expect(wordOf(script, 'script')).toBe(
      `"/bin/sh ${CHECK} others ${FILES} ${['12', '11', '13'].map((n) => `https://192.0.2.${n}:6443/healthz`).join(' ')}"`,
    );
    // One that is cut short has failed, also where no other answers: twice what asks for 3 s.
    expect(Number(wordOf(script, 'timeout'))).toBeGreaterThan(6);
    expect(/track_script \{\n([^}]*)\}/.exec(text)?.[1]?.trim().split(/\s+/)).toEqual([
      'apiserver',
      'others',
    ]);
  });
});

describe('a master that has the address', () => {
  const network = (ip: string, ...more: string[]): string =>
    hostSaying('centos', { network: ['', ...[ip, ...more].map((one) => `2: eth0    inet ${one}/24`)] });
  /** What the gates of one miss, when these have it. */
  const missing = (name: string, holders: readonly string[]): (string | undefined)[] => {
    const seen = Object.fromEntries(
      ['m1', 'm2', 'm3'].map((one, n) => [
        one,
        { facts: network(`192.0.2.${11 + n}`, ...(holders.includes(one) ? [VIP] : [])) },
      ]),
    );
    const here = world(3, undefined, { seen });
    const endpoint = (): { status: number; text: string } => ({ status: 401, text: '' });
    const gates = keepalivedPhase.gates?.(here, hostOf(here, name)) ?? [];
    return gates.map((gate) => gate.judge({ ...sight(seen[name] ?? {}), endpoint }));
  };

  it.each([
    ['m1', ['m1']],
    ['m2', ['m2']],
    ['m2', ['m1', 'm3']],
    ['m1', ['m1', 'm2']],
  ])('is well: %s, of %j', (name, holders) => {
    expect(missing(name, holders)).toEqual([undefined, undefined]);
  });

  it('is not well where one before it has it, too: it then answers itself, whatever the others do', () => {
    expect(missing('m3', ['m1', 'm3'])).toEqual([undefined, 'm1 has it, too']);
  });
});

describe('the firewall', () => {
  it('opens VRRP between masters alone', () => {
    const here = world(3);
    const opened = (name: string): string[] => openPorts(here, hostOf(here, name));
    expect(opened('m1').slice(-2)).toEqual(['vrrp from 192.0.2.12', 'vrrp from 192.0.2.13']);
    expect(opened('w1').join(' ')).not.toContain('vrrp');
    expect(openPorts(world(2, {}), hostOf(here, 'm1')).join(' ')).not.toContain('vrrp');
    const [resource] = firewallPhase.resources(here, hostOf(here, 'm1'));
    const empty = sight({ answers: { firewalld: { code: 0, output: 'zone public\n' } } });
    expect(resource?.diff(empty, new Map())).toMatchObject({
      summary: expect.stringContaining('open vrrp to 192.0.2.12, open vrrp to 192.0.2.13') as string,
    });
  });
});
