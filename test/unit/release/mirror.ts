import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packTar, type TarEntry } from 'modern-tar';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { Artifact } from '../../../src/release/artifact.ts';
import { openArtifactStore, type ArtifactStore } from '../../../src/release/artifact-store.ts';
import type { ArtifactStoreOptions } from '../../../src/release/store-options.ts';
import type { BootstrapError } from '../../../src/kernel/errors.ts';

export const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
export const sha512 = (data: Uint8Array): string => createHash('sha512').update(data).digest('hex');

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export interface Mirror {
  readonly url: string;
  readonly requests: IncomingMessage[];
}

/** A real HTTP server on loopback that answers every request by `answer`, and keeps what was asked. */
export async function mirror(answer: Answer): Promise<Mirror> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Serves `content` for every path, with ranges. */
export const serving =
  (content: Buffer): Answer =>
  (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start > 0) {
      response.writeHead(206, {
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
        'content-length': content.length - start,
      });
    } else {
      response.writeHead(200, { 'content-length': content.length });
    }
    response.end(content.subarray(start));
  };

/** Serves these files by their paths, with ranges, and nothing else. */
export const servingFiles =
  (files: Readonly<Record<string, Buffer>>): Answer =>
  (request, response, count) => {
    const content = files[(request.url ?? '').slice(1)];
    (content === undefined ? answering(404) : serving(content))(request, response, count);
  };

export const answering =
  (status: number): Answer =>
  (_request, response) => {
    response.writeHead(status).end('no');
  };

/** A folder that has a file of this content at each of the paths. */
export function folderMirror(content: Buffer, ...paths: string[]): string {
  const folder = temporaryFolder();
  for (const path of paths) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** Something that looks like a binary. */
export const elf = (size = 300_000, fill = 7): Buffer =>
  Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(size, fill)]);

export function anArtifact(content: Buffer | undefined, changes: Partial<Artifact> = {}): Artifact {
  return {
    name: 'kubelet',
    version: 'v1.16.3',
    arch: 'amd64',
    path: 'release/v1.16.3/bin/linux/amd64/kubelet',
    official: [],
    checksum: content && sha256(content),
    archive: undefined,
    within: undefined,
    ...changes,
  };
}

export async function anArchive(
  entries: readonly TarEntry[],
  changes: Partial<Artifact> = {},
): Promise<{ artifact: Artifact; content: Buffer }> {
  const content = gzipSync(await packTar(entries));
  const artifact = anArtifact(content, {
    name: 'etcd',
    path: 'etcd/v3.3.17/etcd-v3.3.17-linux-amd64.tar.gz',
    archive: { folder: 'etcd-v3.3.17-linux-amd64/', members: ['etcd', 'etcdctl'] },
    ...changes,
  });
  return { artifact, content };
}

/** A store in a folder of its own, with retries that do not wait. */
export function aStore(
  changes: Partial<ArtifactStoreOptions> = {},
): ArtifactStore & { readonly folder: string } {
  const folder = temporaryFolder();
  const store = openArtifactStore({
    cacheFolder: join(folder, 'cache'),
    keyFolder: join(folder, 'key'),
    mirrors: [],
    onlyMirrors: true,
    checksumsFile: undefined,
    lockFile: join(folder, 'k8s-bootstrap.lock.yaml'),
    retryDelayMs: 1,
    idleTimeoutMs: 2_000,
    ...changes,
  });
  onTestFinished(() => store.close());
  return { ...store, folder };
}

/** The error that a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<BootstrapError> {
  try {
    await promise;
  } catch (error) {
    return error as BootstrapError;
  }
  throw new Error('expected a failure');
}
