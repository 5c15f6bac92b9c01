import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Holdings, holdings, question } from '../../../../src/commands/adopt/holdings.ts';
import { refuseDisagreement, refuseForeign } from '../../../../src/commands/adopt/agreement.ts';
import { cutRotations } from '../../../../src/commands/adopt/cut-rotations.ts';
import { restoredFiles } from '../../../../src/commands/adopt/restored.ts';
import { Secret } from '../../../../src/kernel/secret.ts';
import { caFilesOf, specFor } from '../../../../src/pki/profiles.ts';
import { CA_IDS } from '../../../../src/pki/spec.ts';
import { newAuthorityTexts, newServiceAccountTexts } from '../../../../src/pki/new-keys.ts';
import { type PkiStore, openPkiStore } from '../../../../src/pki/open-pki-store.ts';
import { intermediate } from '../../pki/own-authority.ts';
import { loaded, stateFolder } from '../../pki/store-support.ts';
import { subject, temporaryFolder } from '../../pki/support.ts';

const CONFIG = '/etc/kubernetes/encryption-config.yaml';

/** What a master of this cluster holds. */
async function held(store: PkiStore): Promise<Map<string, Secret>> {
  const admin = await store.issueAdmin(specFor('admin', subject));
  const secret = store.encryptionKey()!.reveal();
  const texts: Record<string, string> = {
    '/var/lib/k8s-bootstrap/cluster': 'name demo\nca 00\n',
    '/etc/kubernetes/pki/sa.key': store.serviceAccount()!.privateKey!.reveal(),
    '/etc/kubernetes/pki/sa.pub': store.tokenKeysPem()!,
    '/etc/kubernetes/pki/admin.crt': admin.certificate,
    '/etc/kubernetes/pki/admin.key': admin.key.reveal(),
    [CONFIG]: `resources:\n  - resources: [secrets]\n    providers:\n      - aescbc: { keys: [{ name: key1, secret: ${secret} }] }\n      - identity: {}\n`,
  };
  for (const id of CA_IDS) {
    texts[caFilesOf(id).certificate] = store.trustPem(id)!;
    texts[caFilesOf(id).key] = store.caKey(id)!.reveal();
  }
  return new Map(Object.entries(texts).map(([path, text]) => [path, new Secret(text)]));
}

const written = (found: Holdings): Map<string, string> =>
  new Map(restoredFiles(found, 'm1').map(({ name, content }) => [name, content]));

/** Puts restored files into a folder and reads them as a cluster's keys. */
async function storeWith(files: ReadonlyMap<string, string>): Promise<PkiStore> {
  const folder = join(temporaryFolder(), 'state');
  mkdirSync(join(folder, 'pki'), { recursive: true, mode: 0o700 });
  for (const [name, content] of files) writeFileSync(join(folder, 'pki', name), content, { mode: 0o600 });
  return loaded(folder);
}

describe('what a master holds', () => {
  it('is told by a POSIX shell in one go, byte for byte, and read back', () => {
    const root = temporaryFolder();
    const files = { '/etc/kubernetes/pki/ca.key': 'a\nb\n\n', '/etc/kubernetes/pki/tokens.csv': 'é,"x"\r\n' };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(root + path), { recursive: true });
      writeFileSync(root + path, text);
    }
    const script = question.replaceAll(' /', ` ${root}/`);
    const output = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).replaceAll(root, '');
    const found = [...holdings(output)].map(([path, text]) => [path, text.reveal()]);
    expect(Object.fromEntries(found)).toEqual(files);
  });

  it('makes the same state folder again', async () => {
    const store = await loaded(stateFolder());
    const again = await storeWith(written(await held(store)));
    for (const id of CA_IDS) {
      expect(again.caPem(id), id).toBe(store.caPem(id));
      expect(again.caKey(id)?.reveal(), id).toBe(store.caKey(id)?.reveal());
    }
    expect(again.serviceAccount()?.privateKey?.reveal()).toBe(store.serviceAccount()?.privateKey?.reveal());
    expect(again.encryptionKey()?.reveal()).toBe(store.encryptionKey()?.reveal());
    expect(again.admin()?.certificate).toBe(store.admin()?.certificate);
  });

  it('is taken apart again when an authority is no root and another is trusted beside it', async () => {
    const folder = join(temporaryFolder(), 'state');
    const given = intermediate();
    const store = openPkiStore(folder, { given });
    await store.load();
    await store.ensure();
    const next = (await loaded(stateFolder())).caPem('cluster')!;
    await store.keepTrusted('cluster', [next]);
    const again = await storeWith(written(await held(store)));
    expect(again.caPem('cluster')).toBe(given.certificate);
    expect(again.trusted('cluster')).toEqual([next]);
    expect(again.trustPem('cluster')).toBe(store.trustPem('cluster'));
    expect(again.chainPem('cluster')).toBe(given.certificate);
  });

  it.each(['begun', 'handed-over'] as const)('tells of rotations that have %s', async (step) => {
    const store = await loaded(stateFolder());
    expect(cutRotations(restoredFiles(await held(store), 'm1'))).toEqual([]);
    await store.rotate('etcd', { to: 'begun', pair: await newAuthorityTexts('etcd', 2048, new Date()) });
    await store.rotate('service-account', { to: 'begun', pair: await newServiceAccountTexts(2048) });
    if (step === 'handed-over') {
      for (const what of ['etcd', 'service-account'] as const) await store.rotate(what, { to: step });
    }
    const files = restoredFiles(await held(store), 'm1');
    expect(cutRotations(files)).toEqual([
      expect.stringMatching(/key of service accounts was under way.* 2 keys .*"certs rotate-sa" again$/),
      expect.stringMatching(/beside "etcd".*certs trust etcd FILE --remove.*etcd-ca\.trusted\.crt$/),
    ]);
    // And the folder begins another from there, which ends what is believed.
    const again = await storeWith(new Map(files.map(({ name, content }) => [name, content])));
    expect(again.tokenKeysPem()).toBe(store.tokenKeysPem());
    const pair = await newServiceAccountTexts(2048);
    for (const turn of [{ to: 'begun', pair }, { to: 'handed-over' }, { to: 'dropped' }] as const) {
      await again.rotate('service-account', turn);
    }
    expect(again.tokenKeysPem()).toBe(pair.open);
  });

  it.each<[string, (found: Map<string, Secret>) => void, string, RegExp]>([
    [
      'no key of an authority',
      (found) => found.delete('/etc/kubernetes/pki/ca.key'),
      'E_ADOPT',
      /m1 does not have .*ca\.key/,
    ],
    [
      'another key',
      (found) => found.set('/etc/kubernetes/pki/ca.key', found.get('/etc/kubernetes/pki/users-ca.key')!),
      'E_PKI_MISMATCH',
      /m1:\/etc\/kubernetes\/pki\/ca\.crt does not belong/,
    ],
    [
      'half a key',
      (found) => found.set('/etc/kubernetes/pki/ca.key', new Secret('x')),
      'E_PKI_INVALID',
      /ca\.key cannot be read/,
    ],
    [
      'half a service account',
      (found) => found.delete('/etc/kubernetes/pki/sa.pub'),
      'E_PKI_INCOMPLETE',
      /sa\.pub is missing/,
    ],
    [
      'no encryption key',
      (found) => found.set(CONFIG, new Secret('resources: []\n')),
      'E_ADOPT',
      /holds no aescbc key/,
    ],
  ])('is refused: %s', async (_what, damage, code, message) => {
    const found = await held(await loaded(stateFolder()));
    damage(found);
    expect(() => restoredFiles(found, 'm1')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    );
  });

  it('need not have the key of an authority that is whole in the state folder', async () => {
    const found = await held(await loaded(stateFolder()));
    for (const id of CA_IDS) if (id !== 'etcd') found.delete(caFilesOf(id).key);
    const kept = new Set(
      ['ca', 'front-proxy-ca', 'users-ca'].flatMap((name) => [`${name}.crt`, `${name}.key`]),
    );
    const names = restoredFiles(found, 'm1', kept).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['etcd-ca.key', 'etcd-ca.crt', 'sa.key', 'encryption.key']));
    expect(names).not.toContain('ca.crt');
  });

  it('needs neither an encryption key nor an administrator', async () => {
    const found = await held(await loaded(stateFolder()));
    for (const path of [CONFIG, '/etc/kubernetes/pki/admin.key']) found.delete(path);
    const files = written(found);
    expect([files.has('encryption.key'), files.has('admin.crt'), files.has('admin.key')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('masters', () => {
  const holding = (files: Record<string, string>): Holdings =>
    new Map(Object.entries(files).map(([path, text]) => [path, new Secret(text)]));
  const KEY = '/etc/kubernetes/pki/ca.key';

  it('have to hold the same, but for rows of others in their token files', () => {
    const all = (second: Record<string, string>): Map<string, Holdings> =>
      new Map([
        ['m1', holding({ [KEY]: 'one', '/etc/kubernetes/pki/tokens.csv': 'x' })],
        ['m2', holding(second)],
      ]);
    expect(() => {
      refuseDisagreement(all({ [KEY]: 'one' }));
    }).not.toThrow();
    for (const second of [{ [KEY]: 'two' }, {}, { [KEY]: 'one', [CONFIG]: 'more' }]) {
      expect(() => {
        refuseDisagreement(all(second));
      }).toThrow(/^m1 and m2 do not have the same \/etc/);
    }
  });

  it.each([
    [{}, 'm1 has no cluster of this program'],
    [
      { '/var/lib/k8s-bootstrap/cluster': 'name other\nca 00\n' },
      'm1 belongs to the cluster "other", not to "demo"',
    ],
  ])('have to be of this cluster: %j', (files, message) => {
    expect(() => {
      refuseForeign(holding(files), 'm1', 'demo');
    }).toThrow(expect.objectContaining({ code: 'E_ADOPT', message }) as Error);
  });

  it('of this cluster are taken', () => {
    expect(() => {
      refuseForeign(holding({ '/var/lib/k8s-bootstrap/cluster': 'name demo\nca 00\n' }), 'm1', 'demo');
    }).not.toThrow();
  });
});
