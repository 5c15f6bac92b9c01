import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { type Rotated, readContents } from '../../../src/pki/contents.ts';
import { newAuthorityTexts, newServiceAccountTexts } from '../../../src/pki/new-keys.ts';
import { type PkiStore, openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { type PairTexts, write } from '../../../src/pki/rotation-files.ts';
import { type Turn, writesOf } from '../../../src/pki/rotation.ts';
import { FILES, stateFolder, withCode } from './store-support.ts';
import { temporaryFolder } from './support.ts';

const ROTATED = ['cluster', 'users', 'service-account'] as const;
const PHRASE = new Secret('correct horse');
const ready = new Date('2026-11-30T02:00:00Z');
const next = new Map<Rotated, PairTexts>();

beforeAll(async () => {
  const made = await Promise.all(
    ROTATED.map((what) =>
      what === 'service-account' ? newServiceAccountTexts(2048) : newAuthorityTexts(what, 2048, new Date()),
    ),
  );
  ROTATED.forEach((what, index) => next.set(what, made[index]!));
}, 60_000);

const turnsOf = (what: Rotated): readonly Turn[] => [
  { to: 'begun', pair: next.get(what)! },
  { to: 'ready', at: ready },
  { to: 'handed-over' },
  { to: 'dropped' },
  { to: 'ended' },
];

const own = (store: PkiStore, what: Rotated): string | undefined =>
  what === 'service-account' ? store.serviceAccount()?.publicKey : store.caPem(what);
const keyOf = (store: PkiStore, what: Rotated): Secret | undefined =>
  what === 'service-account' ? store.serviceAccount()?.privateKey : store.caKey(what);
const believed = (store: PkiStore, what: Rotated): string | undefined =>
  what === 'service-account' ? store.tokenKeysPem() : store.anchorPem(what);

interface Picture {
  readonly step: string | undefined;
  readonly own: string | undefined;
  readonly key: string | undefined;
  readonly believed: string | undefined;
  readonly ready: boolean;
}

const picture = (store: PkiStore, what: Rotated): Picture => ({
  step: store.rotation(what)?.step,
  own: own(store, what),
  key: keyOf(store, what)?.reveal(),
  believed: believed(store, what),
  ready: store.rotation(what)?.ready !== undefined,
});

/** A store that has read its folder, opened. */
async function opened(folder: string): Promise<PkiStore> {
  const store = openPkiStore(folder, { passphrase: PHRASE });
  await store.load();
  await store.unlock();
  return store;
}

describe.each(ROTATED)('%s hands over', (what) => {
  it('by way of both being believed, and nothing of the former is left at the end', async () => {
    const store = await opened(stateFolder());
    const old = own(store, what)!;
    const { open } = next.get(what)!;
    const seen: unknown[] = [];
    for (const turn of turnsOf(what)) {
      await store.rotate(what, turn);
      seen.push([store.rotation(what)?.step, own(store, what) === open, believed(store, what)]);
    }
    expect(seen).toEqual([
      ['begun', false, old + open],
      ['begun', false, old + open],
      ['handed-over', true, open + old],
      ['dropped', true, open],
      [undefined, true, open],
    ]);
  });

  it('and goes on wherever the power is cut', async () => {
    const start = stateFolder();
    const store = await opened(start);
    const old = keyOf(store, what)!.reveal();
    for (const turn of turnsOf(what)) {
      const before = picture(store, what);
      const writes = await writesIn(start, store, what, turn);
      const cuts = writes.map((_, cut) => {
        const folder = join(temporaryFolder(), 'state');
        cpSync(start, folder, { recursive: true });
        return { folder, cut };
      });
      await store.rotate(what, turn);
      const done = picture(store, what);
      for (const { folder, cut } of cuts) {
        for (const change of writes.slice(0, cut)) await write(join(folder, 'pki'), change, (file) => file);
        // Whatever reads the folder now finds what was, or what is to be.
        const after = await opened(folder);
        const found = { ...picture(after, what), ready: before.ready };
        const isDone = found.step !== before.step;
        expect(found).toEqual(isDone ? { ...done, ready: before.ready } : before);
        if (turn.to !== 'ended') expect(keys(after, what)).toContain(old);
        if (!isDone) await after.rotate(what, turn);
        expect(picture(after, what)).toEqual(done);
      }
    }
    expect(readdirSync(join(start, 'pki')).sort()).toEqual(FILES);
  }, 60_000);

  it('and what a cut has left goes in the end', async () => {
    const folder = stateFolder();
    const store = await opened(folder);
    const [begun, , handedOver, dropped, ended] = turnsOf(what);
    await store.rotate(what, begun!);
    const writes = await writesIn(folder, store, what, handedOver!);
    for (const change of writes.slice(0, -1)) await write(join(folder, 'pki'), change, (file) => file);
    expect(readdirSync(join(folder, 'pki')).filter((name) => name.includes('.next.'))).toHaveLength(1);
    await store.rotate(what, dropped!);
    await store.rotate(what, ended!);
    expect(readdirSync(join(folder, 'pki')).sort()).toEqual(FILES);
  });
});

const keys = (store: PkiStore, what: Rotated): (string | undefined)[] => [
  keyOf(store, what)?.reveal(),
  store.rotation(what)?.other?.key?.reveal(),
];

const sealedBy =
  (store: PkiStore): Parameters<typeof write>[2] =>
  (file) =>
    file.secret ? { ...file, content: store.closed(`pki/${file.name}`, file.content) } : file;

/** What a turn would write, by what lies in the folder. */
async function writesIn(folder: string, store: PkiStore, what: Rotated, turn: Turn) {
  const contents = await readContents(join(folder, 'pki'), (name, text) => store.opened(`pki/${name}`, text));
  return writesOf(contents, what, turn);
}

describe('a rotation', () => {
  it('seals and opens keys of the next and the former with all others', async () => {
    const folder = stateFolder();
    const store = await opened(folder);
    await store.rotate('cluster', turnsOf('cluster')[0]!);
    const text = (name: string): string => readFileSync(join(folder, 'pki', name), 'utf8');
    expect(text('ca.next.key')).toContain('PRIVATE KEY');
    await store.setSealed(true);
    expect(text('ca.next.key')).not.toContain('PRIVATE KEY');
    // Cut after the moment when the next is the one in use, with nothing of it in its place yet.
    const writes = await writesIn(folder, store, 'cluster', { to: 'handed-over' });
    for (const change of writes.slice(0, 3)) await write(join(folder, 'pki'), change, sealedBy(store));
    const again = await opened(folder);
    expect(picture(again, 'cluster')).toMatchObject({ step: 'handed-over', key: next.get('cluster')!.key });
    await again.rotate('cluster', { to: 'ready', at: ready });
    expect([text('ca.key'), text('ca.old.key')].filter((one) => one.includes('PRIVATE KEY'))).toEqual([]);
    await again.setSealed(false);
    expect([text('ca.key'), text('ca.old.key')].filter((one) => one.includes('PRIVATE KEY'))).toHaveLength(2);
  });

  it('takes no turn that is not the next', async () => {
    const store = await opened(stateFolder());
    const pair = next.get('cluster')!;
    const refused = (turn: Turn): Promise<void> =>
      expect(store.rotate('cluster', turn)).rejects.toEqual(withCode('E_STATE_RACE'));
    await refused({ to: 'handed-over' });
    await refused({ to: 'ended' });
    await refused({ to: 'unready' });
    await store.rotate('cluster', { to: 'begun', pair });
    await refused({ to: 'begun', pair });
    await refused({ to: 'dropped' });
  });

  it('of one leaves all others as they are', async () => {
    const folder = stateFolder();
    const store = await opened(folder);
    const others = FILES.filter((name) => !name.startsWith('ca.'));
    const texts = (): string[] => others.map((name) => readFileSync(join(folder, 'pki', name), 'utf8'));
    const before = texts();
    for (const turn of turnsOf('cluster')) await store.rotate('cluster', turn);
    expect(texts()).toEqual(before);
  });
});
