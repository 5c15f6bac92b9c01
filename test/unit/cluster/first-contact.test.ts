import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Secret } from '../../../src/kernel/secret.ts';
import { firstContact, meet, type ContactOptions } from '../../../src/cluster/first-contact.ts';
import { trust } from '../../../src/commands/trust/trust.ts';
import { parseInventory } from '../../../src/inventory/load.ts';
import { Sighting, openKnownHosts } from '../../../src/transport/host-keys.ts';
import { hostKey } from '../../../src/transport/known-hosts.ts';
import { scratch } from '../../support/ssh-target.ts';
import { startSshServer, type SshServer } from '../../support/ssh-server.ts';
import { known } from '../inventory/known.ts';

let folder: ReturnType<typeof scratch>;
let one: SshServer;
let two: SshServer;
let told: string[];
let asked: string[];

beforeEach(async () => {
  folder = scratch();
  [one, two] = await Promise.all([startSshServer(), startSshServer()]);
  told = [];
  asked = [];
});

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
  folder.remove();
});

const text = (): string => `
name: x
ssh: { keys: [/nonexistent], agent: false }
hosts:
  - { name: a, address: localhost, roles: [master, etcd], ip: 10.0.0.1, ssh: { port: ${one.port} } }
  - { name: b, address: localhost, roles: [worker], ip: 10.0.0.2, ssh: { port: ${two.port} } }
`;

const file = (): string => `${folder.path}/.k8s-bootstrap/x/known_hosts`;
const fingerprintOf = (server: SshServer): string => hostKey(server.hostKeys[0]!)!.fingerprint;

function options(answer: boolean | undefined, acceptNew = false): ContactOptions {
  return {
    inventory: parseInventory(Buffer.from(text()), `${folder.path}/inventory.yaml`, known).inventory,
    knownHosts: openKnownHosts({ own: file(), acceptNew }),
    emit: (event) => told.push(JSON.stringify(event)),
    confirm:
      answer === undefined
        ? undefined
        : (question) => {
            asked.push(question);
            return Promise.resolve(answer);
          },
    signal: new AbortController().signal,
  };
}

/** A key of a former life of the host: type and 32 bytes, each behind its length. */
const formerKey = hostKey(
  Buffer.from(`0000000b${Buffer.from('ssh-ed25519').toString('hex')}00000020${'07'.repeat(32)}`, 'hex'),
)!;
const written = (): string[] => readFileSync(file(), 'utf8').trim().split('\n');

describe('first contact', () => {
  it('shows all keys in one table, asks once, and writes them down; nobody logs in', async () => {
    await firstContact(options(true));
    expect(asked).toEqual(['Trust these 2 keys?']);
    expect(told).toHaveLength(1);
    for (const server of [one, two]) expect(told[0]).toContain(fingerprintOf(server));
    expect(written()).toHaveLength(2);
    expect([...one.seen.logins, ...two.seen.logins]).toEqual([]);
  });

  it('asks no host, and nobody, when all are known', async () => {
    await firstContact(options(true));
    const before = one.seen.connections + two.seen.connections;
    await firstContact(options(true));
    expect(one.seen.connections + two.seen.connections).toBe(before);
    expect(asked).toHaveLength(1);
  });

  it('ends with the answer no, and writes nothing', async () => {
    await expect(firstContact(options(false))).rejects.toMatchObject({ code: 'E_HOST_KEY_UNKNOWN' });
    expect(() => written()).toThrow('ENOENT');
  });

  it('leaves it to the connection when nobody is there, and when new keys are accepted', async () => {
    await firstContact(options(undefined));
    await firstContact(options(true, true));
    expect(one.seen.connections).toBe(0);
  });

  it('leaves a host out that does not answer', async () => {
    const { inventory, ...rest } = options(true);
    await two.close();
    await firstContact({ ...rest, inventory });
    expect(written()).toHaveLength(1);
  });
});

describe('a host with another key', () => {
  beforeEach(async () => {
    await firstContact(options(true));
    // As if it had been reinstalled since: another key is known.
    const other = new Sighting({ host: 'b', address: 'localhost', port: two.port, key: formerKey });
    await options(true).knownHosts.trust([other], { replace: true });
    asked = [];
  });

  it('is refused with both hints, and not asked about', async () => {
    await expect(meet(['b'], { ...options(true), replace: false })).rejects.toMatchObject({
      code: 'E_HOST_KEY_CHANGED',
      hint: expect.stringContaining('trust HOST --replace') as string,
    });
    expect(asked).toEqual([]);
  });

  it('is trusted anew with --replace, and its old key forgotten', async () => {
    const { presented } = await meet(['b'], { ...options(true), replace: true });
    expect(presented.map(({ state }) => state)).toEqual(['changed']);
    expect(told.at(-1)).toContain('Host keys that are changed:');
    const lines = written().filter((line) => line.includes(`:${two.port} `));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(two.hostKeys[0]!.toString('base64'));
  });
});

describe('trust', () => {
  const given = (answer: boolean | undefined) => {
    const inventory = folder.file('inventory.yaml', text());
    const { emit, confirm } = options(answer);
    return {
      file: inventory,
      env: known.env,
      emit,
      secrets: new Set<Secret>(),
      confirm,
      kill: new AbortController().signal,
      replace: false,
    };
  };

  it('without anybody to ask is a clear error that shows the fingerprint', async () => {
    const error: unknown = await trust({ ...given(undefined), hosts: ['a'] }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'E_HOST_KEY_UNKNOWN',
      hint: expect.stringContaining('--yes') as string,
    });
    expect((error as Error).message).toContain(fingerprintOf(one));
  });

  it('of one host leaves the others alone', async () => {
    expect(await trust({ ...given(true), hosts: ['b'] })).toBe(0);
    expect(asked).toEqual(['Trust this key?']);
    expect(one.seen.connections).toBe(0);
    expect(written()).toHaveLength(1);
  });

  it('ends with 4 when one of two does not answer, and with 1 when none does', async () => {
    const all = given(true);
    await two.close();
    expect(await trust({ ...all, hosts: [] })).toBe(4);
    expect(await trust({ ...all, hosts: ['b'] })).toBe(1);
  });
});
