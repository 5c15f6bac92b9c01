import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { caCertificate, leafCertificate } from '../../../src/pki/issue-certificate.ts';
import { newKeyPair, privatePem } from '../../../src/pki/keys.ts';
import { caSpec } from '../../../src/pki/profiles.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { scratch } from '../../support/ssh-target.ts';
import { newIssuer, plainSpec } from '../pki/support.ts';
import { type Ended, run } from './support.ts';

const folder = scratch();
const state = join(folder.path, '.k8s-bootstrap', 'demo');
let file = '';
let other = '';

const certs = (...args: string[]): Promise<Ended> => run(['certs', ...args, '-i', file, '--plain']);
const kept = (name: string): string | undefined =>
  existsSync(join(state, 'pki', name)) ? readFileSync(join(state, 'pki', name), 'utf8') : undefined;

beforeAll(async () => {
  file = folder.file('inventory.yaml', 'name: demo\nhosts: [{ name: m1, address: 192.0.2.11 }]\n');
  await openPkiStore(state).ensure();
  other = (await newIssuer('cluster')).certificate;
  folder.file('other.crt', other);
});

afterAll(() => {
  folder.remove();
});

describe('what is refused before any host is asked', () => {
  it.each([
    [['list', '--within', '30'], "'30' is invalid. It must be like 30d, 12h or 2w."],
    [['list', '--within', '30m'], 'is invalid'],
    [['list', '--within', '-1d'], ''],
    [['list', '--host', 'm2'], 'there is no host "m2" in the inventory; did you mean m1?'],
    [['renew', '--only', 'apiservr'], 'there is no certificate "apiservr"; did you mean apiserver?'],
    [['renew', '--only', 'user'], 'issue-user NAME --renew'],
    [['renew', '--host', 'm9'], 'there is no host "m9"'],
    [['renew', '--only', 'admin', '--host', 'm1'], 'all masters have the same certificate "admin"'],
    [['trust', 'clustr', 'x'], 'there is no authority "clustr"; did you mean cluster?'],
    [['trust', 'cluster', '/nonexistent'], '/nonexistent cannot be read'],
    [['rotate-ca', 'clustr'], 'there is no authority "clustr"; did you mean cluster?'],
    [['rotate-ca', 'cluster', '--to', '/nonexistent.crt,/nonexistent.key'], 'cannot read /nonexistent.crt'],
    [['rotate-ca', 'cluster', '--to', 'a,b,c'], '--to a,b,c is not CERT,KEY, nor one file'],
    [
      ['rotate-ca', 'cluster', '--to', `${join(state, 'pki/ca.crt')},${join(state, 'pki/ca.key')}`],
      'the authority "cluster" is the one of --to already',
    ],
  ])('%j', async (args, message) => {
    const { code, stderr } = await certs(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('a certificate on a host whose roles have none of it', async () => {
    const worker = folder.file(
      'worker.yaml',
      'name: demo\nhosts: [{ name: m1, address: 192.0.2.11, roles: [master, etcd] }, { name: w1, address: 192.0.2.12, roles: [worker] }]\n',
    );
    const { code, stderr } = await run([
      'certs',
      'renew',
      '-i',
      worker,
      '--plain',
      '--only',
      'etcd-peer',
      '--host',
      'w1',
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('w1 has no certificate etcd-peer')]);
  });
});

describe('certs trust', () => {
  beforeEach(async () => {
    for (const name of ['ca', 'users-ca']) {
      const others = `${name}.trusted.crt`;
      const id = name === 'ca' ? 'cluster' : 'users';
      if (kept(others)) await certs('trust', id, join(state, 'pki', others), '--remove');
    }
  });

  it('keeps another authority beside the issuing one, once', async () => {
    const path = join(folder.path, 'other.crt');
    const { code, stdout } = await certs('trust', 'cluster', path);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}kubernetes-ca, until \d{4}-\d\d-\d\d, which issues\n {2}kubernetes-ca, until/m,
    );
    expect(kept('ca.trusted.crt')).toBe(other);
    expect((await certs('trust', 'cluster', path)).code).toBe(0);
    expect((await certs('trust', 'cluster', join(state, 'pki', 'ca.crt'))).code).toBe(0);
    expect(kept('ca.trusted.crt')).toBe(other);
    const pki = openPkiStore(state);
    await pki.load();
    expect(pki.trustPem('cluster')).toBe(pki.caPem('cluster')! + other);
    expect(pki.clientCaPem()).toBe(pki.caPem('cluster')! + other + pki.caPem('users')!);
    expect(pki.trustPem('etcd')).toBe(pki.caPem('etcd'));
  });

  it('takes it away again, and nothing else', async () => {
    const path = join(folder.path, 'other.crt');
    await certs('trust', 'cluster', path);
    expect((await certs('trust', 'cluster', path, '--remove')).code).toBe(0);
    expect(kept('ca.trusted.crt')).toBe('');
    const again = await certs('trust', 'cluster', path, '--remove');
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is not among the authorities')]);
    const issuing = await certs('trust', 'cluster', join(state, 'pki', 'ca.crt'), '--remove');
    expect([issuing.code, issuing.stderr]).toEqual([2, expect.stringContaining('is replaced, not removed')]);
  });

  it('refuses what is no authority, and what has expired', async () => {
    const issuer = await newIssuer();
    const keys = await newKeyPair(2048);
    const leaf = leafCertificate(plainSpec, keys, issuer, new Date());
    const over = caCertificate(caSpec('etcd'), keys, new Date('2010-01-01'));
    const refused = async (text: string, message: string): Promise<void> => {
      writeFileSync(join(folder.path, 'bad.crt'), text);
      const { code, stderr } = await certs('trust', 'etcd', join(folder.path, 'bad.crt'));
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    };
    await refused(leaf, 'is not that of an authority (m1)');
    await refused(over, 'expired on 2019-12-30');
    await refused('nothing', 'holds no certificate');
    expect(kept('etcd-ca.trusted.crt')).toBeUndefined();
  });

  it('warns of one for users that could also vouch for servers', async () => {
    const wide = await certs('trust', 'users', join(folder.path, 'other.crt'));
    expect(wide.stderr).toContain('kubernetes-ca is not limited to client certificates');
    folder.file('narrow.crt', (await newIssuer('users')).certificate);
    const narrow = await certs('trust', 'users', join(folder.path, 'narrow.crt'));
    expect([narrow.code, narrow.stderr]).toEqual([0, '']);
  });

  it('is not for an authority that hands over', async () => {
    const pki = openPkiStore(state);
    await pki.load();
    const { certificate, key } = await newIssuer('front-proxy');
    await pki.rotate('front-proxy', {
      to: 'begun',
      pair: { open: certificate, key: privatePem(key).reveal(), chain: '' },
    });
    const { code, stderr } = await certs('trust', 'front-proxy', join(folder.path, 'other.crt'));
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('certs rotate-ca front-proxy goes on with that'),
    ]);
    const to = `${join(state, 'pki/front-proxy-ca.crt')},${join(state, 'pki/front-proxy-ca.key')}`;
    const another = await certs('rotate-ca', 'front-proxy', '--to', to);
    expect([another.code, another.stderr]).toEqual([
      2,
      expect.stringContaining('handing over to another one than that of --to'),
    ]);
  });

  it('needs a cluster to be trusted by', async () => {
    const none = folder.file('none.yaml', 'name: none\nhosts: [{ name: m1, address: 192.0.2.11 }]\n');
    const { code, stderr } = await run([
      'certs',
      'trust',
      '-i',
      none,
      '--plain',
      'cluster',
      join(folder.path, 'other.crt'),
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no authority "cluster"')]);
  });
});

describe('a rotation', () => {
  it.each([
    [
      ['rotate-ca', 'users'],
      /^1\. trust another [^]*^2\. the other one issues[^]*^3\. trust the former no more/m,
    ],
    [['rotate-ca', 'users', '--keep-old'], /^2\. the other one issues(?![^]*^3\.)/m],
    [['rotate-ca', 'users', '--trust-only'], /^1\. trust another(?![^]*^2\.)/m],
    [['rotate-sa'], /^1\. verify [^]*^2\. sign [^]*^3\. verify /m],
  ])('%j tells its steps, and takes none while a host is away', async (args, steps) => {
    const port = 'ssh: { port: 1 }\nhosts: [{ name: m1, address: 127.0.0.1, ip: 192.0.2.11 }]\n';
    const away = folder.file('away.yaml', `name: demo\n${port}`);
    const before = readdirSync(join(state, 'pki'));
    const { code, stdout, stderr } = await run(['certs', ...args, '-i', away, '--plain', '--yes']);
    expect([code, stderr]).toEqual([4, expect.stringContaining('E_ROTATION_LOST: m1 was not reached')]);
    expect(stdout).toMatch(steps);
    expect(readdirSync(join(state, 'pki'))).toEqual(before);
  });
});
