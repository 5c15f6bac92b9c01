import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { receiver } from '../../../../src/commands/etcd/backup/receive.ts';
import { keyProof, readSidecar, writeSidecar } from '../../../../src/commands/etcd/backup/sidecar.ts';
import { Secret } from '../../../../src/kernel/secret.ts';

const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
const bytes = Buffer.from('a database\nwith lines\0and more');
const sha256 = createHash('sha256').update(bytes).digest('hex');
const status = '{"hash":1,"revision":7,"totalKey":3,"totalSize":9}';
const head = (sum = sha256, size = bytes.length, said = status): Buffer =>
  Buffer.from(`${sum} ${size}\n${said}\n`);

const folder = (): string => mkdtempSync(join(tmpdir(), 'receive-'));

describe('a snapshot that comes', () => {
  it.each([1, 7, 10_000])('in pieces of %d bytes is kept whole, for its owner alone', (length) => {
    const file = join(folder(), 'x.db');
    const incoming = receiver(file);
    const all = Buffer.concat([head(), bytes]);
    for (let at = 0; at < all.length; at += length) incoming.take(all.subarray(at, at + length));
    expect(incoming.check()).toEqual({ sha256, bytes: bytes.length, revision: 7, keys: 3 });
    incoming.publish();
    incoming.end();
    expect(readFileSync(file)).toEqual(bytes);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each<[string, Buffer[]]>([
    ['is cut', [head(), bytes.subarray(1)]],
    ['is another', [head('0'.repeat(64)), bytes]],
    ['is not announced', [Buffer.from('hello\n')]],
  ])('and %s is not kept', (_what, pieces) => {
    const at = folder();
    const incoming = receiver(join(at, 'x.db'));
    for (const piece of pieces) incoming.take(piece);
    expect(() => incoming.check()).toThrow(coded('E_ETCD_BACKUP'));
    incoming.end();
    expect(readdirSync(at)).toEqual([]);
  });

  it('and is longer than announced is not taken to its end', () => {
    const at = folder();
    const incoming = receiver(join(at, 'x.db'));
    incoming.take(head());
    incoming.take(bytes);
    expect(() => {
      incoming.take(Buffer.from('x'));
    }).toThrow(coded('E_ETCD_BACKUP'));
    incoming.end();
    expect(readdirSync(at)).toEqual([]);
  });

  it.each<[string, Buffer]>([
    ['a sum that is none', head('xyz')],
    ['no size', Buffer.from(`${sha256}\n${status}\n`)],
    ['no JSON', head(sha256, 1, 'hello')],
    ['a revision that is no number', head(sha256, 1, '{"revision":"7","totalKey":3}')],
    ['a line without an end', Buffer.alloc(5000, 'x')],
  ])('with %s is refused at once', (_what, piece) => {
    const at = folder();
    const incoming = receiver(join(at, 'x.db'));
    expect(() => {
      incoming.take(piece);
    }).toThrow(coded('E_ETCD_BACKUP'));
    incoming.end();
    expect(readdirSync(at)).toEqual([]);
  });
});

describe('what lies beside it', () => {
  const sidecar = {
    cluster: 'demo',
    host: 'm1',
    at: '2026-01-02T03:04:05.000Z',
    sha256,
    bytes: 30,
    revision: 7,
    keys: 3,
    encryptionKey: keyProof(new Secret(Buffer.alloc(32, 1).toString('base64')), sha256),
  };

  it('is read back as it was written', async () => {
    const file = join(folder(), 'x.db');
    await writeSidecar(file, sidecar);
    expect(await readSidecar(file)).toEqual(sidecar);
    await writeSidecar(file, { ...sidecar, sha256: 'x' });
    // What it would refuse does not pass for unknown.
    await expect(readSidecar(file)).rejects.toThrow(coded('E_ETCD_BACKUP'));
    expect(await readSidecar(join(folder(), 'y.db'))).toBeUndefined();
  });

  it('proves the key and does not tell it', () => {
    const other = new Secret(Buffer.alloc(32, 2).toString('base64'));
    expect(keyProof(other, sha256)).not.toBe(sidecar.encryptionKey);
    expect(keyProof(other, sha256)).not.toBe(keyProof(other, '0'.repeat(64)));
    expect(keyProof(undefined, sha256)).toBeNull();
  });
});
