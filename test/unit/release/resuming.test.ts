import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DownloadProgress } from '../../../src/release/store-options.ts';
import { aStore, anArtifact, answering, elf, failure, mirror, serving, sha256 } from './mirror.ts';

const content = elf();
const artifact = anArtifact(content);

/** The name under which an unfinished download waits for the next run. */
const leftover = (folder: string, sum: string): string => {
  const key = createHash('sha256').update(`${artifact.path}\n${sum}`).digest('hex').slice(0, 32);
  mkdirSync(join(folder, 'cache/partial'), { recursive: true });
  return join(folder, 'cache/partial', `${key}.left`);
};

const partials = (folder: string): string[] => readdirSync(join(folder, 'cache/partial'));

describe('resuming', () => {
  it('continues a download that breaks off', async () => {
    let cut = (): void => undefined;
    const flaky = await mirror((request, response, count) => {
      if (count > 1) {
        serving(content)(request, response, count);
        return;
      }
      cut = () => response.destroy();
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000));
    });
    const seen: DownloadProgress[] = [];
    const onProgress = (progress: DownloadProgress): void => {
      seen.push(progress);
      if (progress.bytes === 100_000) cut();
    };
    const stored = await aStore({ mirrors: [flaky.url], onProgress }).fetch(artifact);
    expect(sha256(readFileSync(stored.file))).toBe(sha256(content));
    expect(flaky.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=100000-']);
    expect(seen.at(-1)).toEqual({
      artifact,
      bytes: content.length,
      total: content.length,
      from: '127.0.0.1',
    });
  });

  it('notices a body that ends early without any error', async () => {
    const short = await mirror((_request, response) => {
      response.writeHead(200).end(content.subarray(0, 1000)); // chunked: no length to miss
    });
    expect((await failure(aStore({ mirrors: [short.url] }).fetch(artifact))).code).toBe('E_CHECKSUM');
  });

  it('takes up what an earlier run has left', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    writeFileSync(leftover(store.folder, sha256(content)), content.subarray(0, 5000));
    const stored = await store.fetch(artifact);
    expect(sha256(readFileSync(stored.file))).toBe(sha256(content));
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=5000-']);
    expect(partials(store.folder)).toEqual([]);
  });

  it('takes up the file of a process that has died, not that of one that lives', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const base = leftover(store.folder, sha256(content)).replace(/\.left$/, '');
    writeFileSync(`${base}.${process.ppid}.00`, content.subarray(0, 5000));
    writeFileSync(`${base}.999999999.00`, content.subarray(0, 7000));
    await store.fetch(artifact);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=7000-']);
    expect(partials(store.folder)).toHaveLength(1);
  });

  it('asks for nothing when the leftover is complete', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    writeFileSync(leftover(store.folder, sha256(content)), content);
    await store.fetch(artifact);
    expect(server.requests).toHaveLength(0);
  });

  it('starts over at a server that ignores ranges', async () => {
    const plain = await mirror((_request, response) => {
      response.writeHead(200, { 'content-length': content.length }).end(content);
    });
    const store = aStore({ mirrors: [plain.url] });
    writeFileSync(leftover(store.folder, sha256(content)), elf(5000, 3));
    const stored = await store.fetch(artifact);
    expect(sha256(readFileSync(stored.file))).toBe(sha256(content));
    expect(plain.requests).toHaveLength(1);
  });

  it.each([
    ['has nothing there', answering(416)],
    [
      'gives another range',
      (_request: unknown, response: ServerResponse): void => {
        response
          .writeHead(206, { 'content-range': `bytes 0-9/${content.length}` })
          .end(content.subarray(0, 10));
      },
    ],
  ])('starts over when the server %s', async (_title, first) => {
    const server = await mirror((request, response, count) => {
      (count === 1 ? first : serving(content))(request, response, count);
    });
    const store = aStore({ mirrors: [server.url] });
    writeFileSync(leftover(store.folder, sha256(content)), content.subarray(0, 5000));
    expect(sha256(readFileSync((await store.fetch(artifact)).file))).toBe(sha256(content));
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=5000-', undefined]);
  });

  it('goes on when a server gives less than it was asked for', async () => {
    const stingy = await mirror((request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0]);
      const end = Math.min(start + 150_000, content.length);
      response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${content.length}` });
      response.end(content.subarray(start, end));
    });
    const store = aStore({ mirrors: [stingy.url] });
    writeFileSync(leftover(store.folder, sha256(content)), content.subarray(0, 5000));
    expect(sha256(readFileSync((await store.fetch(artifact)).file))).toBe(sha256(content));
    expect(stingy.requests.map(({ headers }) => headers.range)).toEqual(['bytes=5000-', 'bytes=155000-']);
  });

  it('blames the leftover, not the server, when the parts do not fit', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    writeFileSync(leftover(store.folder, sha256(content)), elf(5000, 3));
    expect(sha256(readFileSync((await store.fetch(artifact)).file))).toBe(sha256(content));
    expect(server.requests).toHaveLength(2);
  });

  it('leaves what it has when interrupted, and says so', async () => {
    const controller = new AbortController();
    const slow = await mirror((_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000));
    });
    const store = aStore({
      mirrors: [slow.url],
      signal: controller.signal,
      onProgress: ({ bytes }) => {
        if (bytes >= 100_000) controller.abort();
      },
    });
    expect((await failure(store.fetch(artifact))).code).toBe('E_ABORTED');
    expect(partials(store.folder)).toEqual([expect.stringMatching(/\.left$/)]);
  });
});
