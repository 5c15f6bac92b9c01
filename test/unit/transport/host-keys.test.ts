import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openKnownHosts, Sighting } from '../../../src/transport/host-keys.ts';
import { hostKey } from '../../../src/transport/known-hosts.ts';
import { newKey, publicBlob } from '../../support/ssh-server.ts';
import { failure, knownHostsLine, scratch } from '../../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => {
  folder.remove();
});

const [a, b] = [publicBlob(newKey().public), publicBlob(newKey().public)];
const seen = (blob: Buffer, address = 'm1'): Sighting =>
  new Sighting({ host: address, address, port: 22, key: hostKey(blob)! });

it('lets the own file decide about the hosts it names, and others about the rest', async () => {
  const own = folder.file('own', knownHostsLine('m1', a));
  const others = [folder.file('theirs', `${knownHostsLine('m1', b)}\n${knownHostsLine('m2', b)}`)];
  const known = openKnownHosts({ own, others });
  expect((await known.lookup('m1', 22)).keys.map(({ blob }) => blob)).toEqual([a]);
  expect((await known.lookup('m2', 22)).keys.map(({ blob }) => blob)).toEqual([b]);
});

it('counts a revocation in any file', async () => {
  const own = folder.file('own', knownHostsLine('m1', a));
  const others = [folder.file('theirs', `@revoked ${knownHostsLine('*', a)}`)];
  expect((await openKnownHosts({ own, others }).lookup('m1', 22)).revoked).toHaveLength(1);
});

it('needs none of its files to exist, but says when one cannot be read', async () => {
  expect((await openKnownHosts({ own: join(folder.path, 'none') }).lookup('m1', 22)).keys).toEqual([]);
  expect(await failure(openKnownHosts({ own: folder.path }).lookup('m1', 22))).toMatchObject({
    code: 'E_KNOWN_HOSTS',
  });
});

it('adds lines to what is there, also after a last line without an end, and writes nothing twice', async () => {
  const own = folder.file('own', '# mine');
  const known = openKnownHosts({ own });
  await Promise.all([known.trust([seen(a)]), known.trust([seen(b, 'm2'), seen(a)])]);
  expect(readFileSync(own, 'utf8')).toBe(`# mine\n${knownHostsLine('m1', a)}\n${knownHostsLine('m2', b)}\n`);
  expect((await known.lookup('m2', 22)).keys).toHaveLength(1);
});

it('keeps lines that another process has added meanwhile', async () => {
  const own = folder.file('own', '');
  const known = openKnownHosts({ own });
  await known.lookup('m1', 22);
  writeFileSync(own, `${knownHostsLine('m3', a)}\n`);
  await known.trust([seen(a)]);
  expect(readFileSync(own, 'utf8').trim().split('\n')).toHaveLength(2);
});

it('makes the file for its owner only', async () => {
  const own = join(folder.path, 'new', 'known_hosts');
  await openKnownHosts({ own }).trust([seen(a)]);
  expect(statSync(own).mode & 0o777).toBe(0o600);
});

it('replaces a host’s keys, and goes on after a failure', async () => {
  const own = folder.file('own', knownHostsLine('m1', a));
  const known = openKnownHosts({ own });
  await known.trust([seen(b)], { replace: true });
  expect((await known.lookup('m1', 22)).keys.map(({ blob }) => blob)).toEqual([b]);
});
