import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKnownHosts, sightingOf } from '../../src/transport/host-keys.ts';
import { fingerprint } from '../../src/transport/known-hosts.ts';
import { newKey, publicBlob, startSshServer, type SshServer } from '../support/ssh-server.ts';
import {
  connect,
  failure,
  knownHostsLine,
  PASSWORD,
  scratch,
  target,
  trusting,
} from '../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
let server: SshServer;
let name: string;
const keys = { ed25519: newKey(), rsa: newKey('rsa'), ecdsa: newKey('ecdsa'), other: newKey() };

beforeEach(async () => {
  folder = scratch();
  server = await startSshServer({ password: PASSWORD, hostKeys: [keys.ed25519.private, keys.rsa.private] });
  name = `[127.0.0.1]:${server.port}`;
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

describe('known_hosts', () => {
  it.each(['ed25519', 'rsa'] as const)(
    'lets in a host of whose keys only the %s key is known',
    async (type) => {
      const session = await connect(target(server.port), {
        knownHosts: trusting(folder.path, { [name]: keys[type].private }),
      });
      expect((await session.exec('echo in')).stdout.toString()).toBe('in\n');
      expect(session.stats.connections).toBe(1);
      await session.close();
    },
  );

  it('refuses a host that is not known, before it gets any password', async () => {
    const error = await failure(connect(target(server.port), { knownHosts: trusting(folder.path, {}) }));
    expect(error.code).toBe('E_HOST_KEY_UNKNOWN');
    expect(error.message).toContain(fingerprint(publicBlob(keys.ed25519.private)));
    expect(error.message).toContain(`m1 (127.0.0.1:${server.port})`);
    expect(server.seen).toMatchObject({ logins: [], connections: 1 });
  });

  it('does not take the key of port 22 for another port', async () => {
    const knownHosts = trusting(folder.path, { '127.0.0.1': keys.ed25519.private });
    expect((await failure(connect(target(server.port), { knownHosts }))).code).toBe('E_HOST_KEY_UNKNOWN');
  });

  it('stops at a changed key, names both fingerprints, and tries once', async () => {
    const knownHosts = openKnownHosts({
      own: folder.file('own', knownHostsLine(name, keys.other.private)),
      acceptNew: true,
    });
    const error = await failure(connect(target(server.port), { knownHosts }));
    expect(error.code).toBe('E_HOST_KEY_CHANGED');
    expect(error.message).toContain(fingerprint(publicBlob(keys.ed25519.private)));
    expect(error.message).toContain(fingerprint(publicBlob(keys.other.private)));
    expect(server.seen).toMatchObject({ logins: [], connections: 1 });
    expect(readFileSync(join(folder.path, 'own'), 'utf8')).not.toContain('\n');
  });

  it('takes a key of another type than the known one for a change', async () => {
    const knownHosts = trusting(folder.path, { [name]: keys.ecdsa.private });
    expect((await failure(connect(target(server.port), { knownHosts }))).code).toBe('E_HOST_KEY_CHANGED');
  });

  it('refuses a revoked key, though it is also known', async () => {
    const lines = [
      knownHostsLine(name, keys.ed25519.private),
      `@revoked ${knownHostsLine('*', keys.ed25519.private)}`,
    ];
    const knownHosts = openKnownHosts({ own: folder.file('own', lines.join('\n')), acceptNew: true });
    const error = await failure(connect(target(server.port), { knownHosts }));
    expect(error.code).toBe('E_HOST_KEY_REVOKED');
    expect(server.seen.logins).toEqual([]);
  });

  it('finds a name that ssh-keygen has hashed', async () => {
    const file = folder.file('hashed', `${knownHostsLine(name, keys.ed25519.private)}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    const knownHosts = openKnownHosts({ own: join(folder.path, 'none'), others: [file] });
    const session = await connect(target(server.port), { knownHosts });
    await session.close();
  });

  it('says that a certificate authority does not help', async () => {
    const own = folder.file('own', `@cert-authority ${knownHostsLine(name, keys.ed25519.private)}`);
    const error = await failure(connect(target(server.port), { knownHosts: openKnownHosts({ own }) }));
    expect(error.code).toBe('E_HOST_KEY_UNKNOWN');
    expect(error.hint).toContain('@cert-authority');
  });
});

describe('accepting new host keys', () => {
  it('writes a new key down once, and knows it afterwards', async () => {
    const own = join(folder.path, 'state', 'known_hosts');
    for (const acceptNew of [true, true, false]) {
      const session = await connect(target(server.port), { knownHosts: openKnownHosts({ own, acceptNew }) });
      await session.close();
    }
    expect(readFileSync(own, 'utf8')).toBe(`${knownHostsLine(name, keys.ed25519.private)}\n`);
  });

  it('keeps the keys of hosts that are met at the same time', async () => {
    const more = await Promise.all([1, 2, 3, 4].map(() => startSshServer({ password: PASSWORD })));
    const own = join(folder.path, 'own');
    const knownHosts = openKnownHosts({ own, acceptNew: true });
    const sessions = await Promise.all(more.map(({ port }) => connect(target(port), { knownHosts })));
    const lines = readFileSync(own, 'utf8').trim().split('\n');
    expect(lines.sort()).toEqual(
      more.map((one) => knownHostsLine(`[127.0.0.1]:${one.port}`, one.hostKeys[0]!)).sort(),
    );
    await Promise.all(sessions.map((session) => session.close()));
    await Promise.all(more.map((one) => one.close()));
  });

  it('does not write a changed key down', async () => {
    const own = join(folder.path, 'own');
    writeFileSync(own, `${knownHostsLine(name, keys.other.private)}\n`);
    await failure(connect(target(server.port), { knownHosts: openKnownHosts({ own, acceptNew: true }) }));
    expect(readFileSync(own, 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('hands the seen key over for a question, and trusts it when told to', async () => {
    const knownHosts = openKnownHosts({ own: folder.file('own', knownHostsLine(name, keys.other.private)) });
    const changed = await connect(target(server.port), { knownHosts }).catch((error: unknown) => error);
    const seen = sightingOf(changed)!;
    expect(seen).toMatchObject({ host: 'm1', address: '127.0.0.1', port: server.port });
    await knownHosts.trust([seen]);
    await knownHosts.trust([seen], { replace: true });
    expect(readFileSync(join(folder.path, 'own'), 'utf8')).toBe(
      `${knownHostsLine(name, keys.ed25519.private)}\n`,
    );
    await (await connect(target(server.port), { knownHosts })).close();
  });
});

describe('a pinned host key', () => {
  it.each(['ed25519', 'rsa'] as const)(
    'lets the host in by its %s key, whatever else it has',
    async (type) => {
      const hostKey = fingerprint(publicBlob(keys[type].private));
      const session = await connect(target(server.port, { hostKey }), {
        knownHosts: trusting(folder.path, {}),
      });
      expect((await session.exec('echo in')).stdout.toString()).toBe('in\n');
      await session.close();
    },
  );

  it('refuses a host none of whose keys is the pinned one', async () => {
    const hostKey = fingerprint(publicBlob(keys.other.private));
    const knownHosts = trusting(folder.path, { [name]: keys.ed25519.private });
    const error = await failure(connect(target(server.port, { hostKey }), { knownHosts }));
    expect(error.code).toBe('E_HOST_KEY_CHANGED');
    expect(error.message).toContain(hostKey);
    expect(error.message).toContain(fingerprint(publicBlob(keys.ed25519.private)));
    expect(server.seen.logins).toEqual([]);
  });

  it('does not overrule a revocation', async () => {
    const hostKey = fingerprint(publicBlob(keys.ed25519.private));
    const own = folder.file('own', `@revoked ${knownHostsLine('*', keys.ed25519.private)}`);
    const error = await failure(
      connect(target(server.port, { hostKey }), { knownHosts: openKnownHosts({ own }) }),
    );
    expect(error.code).toBe('E_HOST_KEY_REVOKED');
  });
});
