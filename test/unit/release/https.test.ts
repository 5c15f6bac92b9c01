import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  aStore,
  anArtifact,
  elf,
  failure,
  mirror,
  serving,
  sha256,
  temporaryFolder,
  type Answer,
} from './mirror.ts';

const content = elf();
const unpinned = anArtifact(undefined);

async function httpsMirror(answer: Answer): Promise<{ url: string; requests: IncomingMessage[] }> {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, 'key'), join(folder, 'crt')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  const requests: IncomingMessage[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const withCompanion =
  (companion: string): Answer =>
  (request, response, count) => {
    if (request.url?.endsWith('.sha256') === true) response.end(companion);
    else serving(content)(request, response, count);
  };

describe('with a certificate that is trusted', () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  beforeAll(() => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'; // read at each connection; stands for a CA that is known
  });
  afterAll(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  });

  it.each(['', '  kubelet\n'])('a published checksum holds the first download to it (%j)', async (rest) => {
    const good = await httpsMirror(withCompanion(sha256(content) + rest));
    const store = aStore({ mirrors: [good.url] });
    await store.fetch(unpinned);
    expect(store.expected(unpinned)).toBe(sha256(content));
    expect(good.requests.map(({ url }) => url)).toEqual([`/${unpinned.path}.sha256`, `/${unpinned.path}`]);

    const bad = await httpsMirror(withCompanion(sha256(elf(1)) + rest));
    expect((await failure(aStore({ mirrors: [bad.url] }).fetch(unpinned))).code).toBe('E_CHECKSUM');
  });

  it('something else under that name is not taken for a checksum', async () => {
    const server = await httpsMirror(withCompanion('<html>not found</html>'));
    const store = aStore({ mirrors: [server.url] });
    await store.fetch(unpinned);
    expect(store.expected(unpinned)).toBe(sha256(content));
  });

  it('a published checksum is not asked for when one is known', async () => {
    const server = await httpsMirror(withCompanion(sha256(elf(1))));
    await aStore({ mirrors: [server.url] }).fetch(anArtifact(content));
    expect(server.requests).toHaveLength(1);
  });

  it('a redirect to http is refused, one to https followed', async () => {
    const plain = await mirror(serving(content));
    const down = await httpsMirror((_request, response) => {
      response.writeHead(302, { location: `${plain.url}/x` }).end();
    });
    const error = await failure(aStore({ mirrors: [down.url] }).fetch(anArtifact(content)));
    expect(error.message).toContain(`redirects to ${plain.url}/x, which is less safe`);
    expect(plain.requests).toHaveLength(0);

    const safe = await httpsMirror(serving(content));
    const up = await mirror((_request, response) => {
      response.writeHead(302, { location: `${safe.url}/x` }).end();
    });
    await aStore({ mirrors: [up.url] }).fetch(anArtifact(content));
    expect(safe.requests).toHaveLength(1);
  });
});

describe('with a certificate nobody trusts', () => {
  it('nothing is downloaded, and it is not tried again', async () => {
    const server = await httpsMirror(serving(content));
    const error = await failure(aStore({ mirrors: [server.url] }).fetch(anArtifact(content)));
    expect(error.message).toMatch(/self-signed certificate/);
    expect(server.requests).toHaveLength(0);
  });
});
