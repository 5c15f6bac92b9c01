import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refuseGivenFormer, takenFrom } from '../../../../../src/commands/certs/rotate/given.ts';
import { tellRotations } from '../../../../../src/commands/plan/rotations.ts';
import { privatePem } from '../../../../../src/pki/keys.ts';
import { openPkiStore } from '../../../../../src/pki/open-pki-store.ts';
import type { Emit } from '../../../../../src/run/events.ts';
import { worldOf } from '../../../phases/world.ts';
import { loaded, stateFolder, withCode } from '../../../pki/store-support.ts';
import { newIssuer, temporaryFolder } from '../../../pki/support.ts';

const { inventory } = worldOf();
const naming = (cert: string) => ({
  ...inventory,
  pki: { ...inventory.pki, ca: { cert, key: cert, passphrase: undefined } },
});

it('is taken from two files, or from one that holds both', async () => {
  const { certificate, key } = await newIssuer('cluster');
  const folder = temporaryFolder();
  const [cert, both] = [join(folder, 'x.crt'), join(folder, 'both.pem')];
  writeFileSync(cert, certificate);
  writeFileSync(both, certificate + privatePem(key).reveal());
  const ask = undefined;
  expect((await takenFrom(`${cert},${both}`, { ask })).certificate).toBe(certificate);
  expect((await takenFrom(both, { ask })).certificate).toBe(certificate);
  await expect(takenFrom(cert, { ask })).rejects.toEqual(withCode('E_OWN_CA_KEY'));
  await expect(takenFrom(`${cert},`, { ask })).rejects.toEqual(withCode('E_CA_ROTATION'));
});

it('the former is not dropped while the inventory names it', async () => {
  const [former, next] = await Promise.all([newIssuer('cluster'), newIssuer('cluster')]);
  const folder = temporaryFolder();
  const [old, other] = [join(folder, 'old.crt'), join(folder, 'next.crt')];
  writeFileSync(old, former.certificate);
  writeFileSync(other, next.certificate);
  await expect(refuseGivenFormer(naming(old), former.certificate)).rejects.toEqual(
    expect.objectContaining({ code: 'E_CA_ROTATION', exitCode: 3 }),
  );
  await refuseGivenFormer(naming(other), former.certificate);
  await refuseGivenFormer(naming(join(folder, 'gone.crt')), former.certificate);
  await refuseGivenFormer(inventory, former.certificate);
});

it('until then the inventory may name either of the two', async () => {
  const folder = stateFolder();
  const store = await loaded(folder);
  const { certificate, key } = await newIssuer('cluster');
  const pair = { open: certificate, key: privatePem(key).reveal(), chain: '' };
  const [old, next] = [join(folder, 'pki/old.pem'), join(folder, 'pki/next.pem')];
  writeFileSync(old, store.caPem('cluster')!);
  writeFileSync(next, certificate);
  const load = (cert: string): Promise<void> =>
    openPkiStore(folder, { given: { cert, key: cert, passphrase: undefined } }).load();
  await expect(load(next)).rejects.toEqual(withCode('E_OWN_CA'));
  await store.rotate('cluster', { to: 'begun', pair });
  await Promise.all([load(old), load(next)]);
  await store.rotate('cluster', { to: 'handed-over' });
  await Promise.all([load(old), load(next)]);
  await store.rotate('cluster', { to: 'dropped' });
  await load(next);
  await expect(load(old)).rejects.toEqual(withCode('E_OWN_CA'));
});

it('a plain run says what is under way, and how to go on', async () => {
  const store = await loaded();
  const told = (): string[] => {
    const messages: string[] = [];
    const emit: Emit = (event) => {
      if (event.type === 'note') messages.push(event.message);
    };
    tellRotations({ emit }, { pki: store });
    return messages;
  };
  expect(told()).toEqual([]);
  const { certificate, key } = await newIssuer('users');
  const pair = { open: certificate, key: privatePem(key).reveal(), chain: '' };
  await store.rotate('users', { to: 'begun', pair });
  expect(told()).toEqual([
    'the authority "users" is on the way of handing over to another: the other is believed beside it, and not used yet. That may stay so; "k8s-bootstrap certs rotate-ca users" goes on',
  ]);
  await store.rotate('users', { to: 'handed-over' });
  expect(told()).toEqual([expect.stringContaining('the former still believed')]);
});
