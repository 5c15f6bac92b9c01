import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { specFor } from '../../../src/pki/profiles.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { loaded, snapshot, stateFolder, withCode } from './store-support.ts';
import { subject, temporaryFolder } from './support.ts';

describe('refusing', () => {
  const refusals: readonly [string, string, string, (folder: string) => void][] = [
    ['E_PKI_INCOMPLETE', 'ca.key is missing', 'a certificate without its key', remove('ca.key')],
    ['E_PKI_INCOMPLETE', 'etcd-ca.crt is missing', 'a key without its certificate', remove('etcd-ca.crt')],
    ['E_PKI_INCOMPLETE', 'sa.pub is missing', 'half a service account pair', remove('sa.pub')],
    ['E_PKI_MISMATCH', 'users-ca.crt', 'a certificate with another key', copy('ca.key', 'users-ca.key')],
    [
      'E_PKI_MISMATCH',
      'sa.pub',
      'a foreign public key',
      (folder) => {
        write('sa.pub', publicKey())(folder);
      },
    ],
    ['E_PKI_INVALID', 'ca.crt', 'a certificate that is none', write('ca.crt', 'x')],
    ['E_PKI_INVALID', 'ca.key', 'a key that is none', write('ca.key', 'x')],
    ['E_PKI_INVALID', 'encryption.key', 'a short encryption key', write('encryption.key', 'c2hvcnQ=\n')],
    ['E_PKI_INVALID', 'plan.hmac', 'an empty plan key', write('plan.hmac', '')],
    [
      'E_PKI_ALGORITHM',
      'ca.key',
      'a key that Kubernetes 1.16 cannot read',
      (folder) => {
        write('ca.key', edwardsKey())(folder);
      },
    ],
    ['E_STATE_PERMISSIONS', 'ca.key', 'a key the group may read', chmod('ca.key', 0o640)],
    [
      'E_STATE_PERMISSIONS',
      'encryption.key',
      'an encryption key all may read',
      chmod('encryption.key', 0o604),
    ],
    [
      'E_STATE_PERMISSIONS',
      'admin.key',
      'a key made readable beforehand',
      (folder) => {
        write('admin.key', '')(folder);
        chmod('admin.key', 0o644)(folder);
      },
    ],
    ['E_STATE_PERMISSIONS', 'pki', 'a folder others may enter', chmod('.', 0o755)],
  ];

  it.each(refusals)('%s: %s (%s)', async (code, naming, _what, damage) => {
    const folder = stateFolder();
    damage(join(folder, 'pki'));
    const before = snapshot(folder);
    for (const attempt of [() => loaded(folder), () => openPkiStore(folder).ensure()]) {
      await expect(attempt()).rejects.toThrow(withCode(code));
      await expect(attempt()).rejects.toThrow(naming);
    }
    expect(snapshot(folder)).toEqual(before);
  });

  it('a certificate that is no authority’s', async () => {
    const folder = stateFolder();
    const { certificate, key } = await (await loaded(folder)).issue(specFor('scheduler', subject));
    write('ca.crt', certificate)(join(folder, 'pki'));
    write('ca.key', key.reveal())(join(folder, 'pki'));
    await expect(loaded(folder)).rejects.toThrow('ca.crt is not the certificate of an authority');
  });

  it('an expired authority, when something is to be made, but not to read it', async () => {
    const folder = stateFolder();
    const store = openPkiStore(folder, { now: () => new Date('2100-01-01') });
    await store.load();
    expect(store.caExpires('cluster')!.getTime()).toBeLessThan(Date.parse('2100-01-01'));
    await expect(store.issue(specFor('scheduler', subject))).rejects.toThrow(withCode('E_CA_EXPIRED'));
    await expect(store.ensure()).rejects.toThrow(withCode('E_CA_EXPIRED'));
  });

  it('to issue without an authority', async () => {
    const store = await loaded(join(temporaryFolder(), 'state'));
    await expect(store.issue(specFor('scheduler', subject))).rejects.toThrow(withCode('E_CA_MISSING'));
  });
});

type Damage = (pki: string) => void;

function remove(name: string): Damage {
  return (pki) => {
    rmSync(join(pki, name));
  };
}

function copy(from: string, to: string): Damage {
  return (pki) => {
    cpSync(join(pki, from), join(pki, to));
  };
}

function write(name: string, content: string): Damage {
  return (pki) => {
    writeFileSync(join(pki, name), content, { mode: 0o600 });
  };
}

function chmod(name: string, mode: number): Damage {
  return (pki) => {
    chmodSync(join(pki, name), mode);
  };
}

const publicKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
    type: 'spki',
    format: 'pem',
  }) as string;

const edwardsKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
