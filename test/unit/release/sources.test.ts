import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aStore,
  anArtifact,
  answering,
  elf,
  failure,
  mirror,
  serving,
  sha256,
  temporaryFolder,
} from './mirror.ts';

const content = elf();
const artifact = anArtifact(content);

describe('sources', () => {
  it('asks mirrors in order, then the makers', async () => {
    const first = await mirror(answering(404));
    const second = await mirror(answering(403));
    const maker = await mirror(serving(content));
    const store = aStore({ mirrors: [`${first.url}/deep/`, second.url], onlyMirrors: false });

    const stored = await store.fetch({ ...artifact, official: [`${maker.url}/kubelet`] });

    expect(sha256(readFileSync(stored.file))).toBe(sha256(content));
    expect(stored).toMatchObject({ size: content.length, sha256: sha256(content) });
    expect(first.requests.map(({ url }) => url)).toEqual([`/deep/${artifact.path}`]);
    expect(second.requests).toHaveLength(1);
    expect(maker.requests.map(({ url }) => url)).toEqual(['/kubelet']);
  });

  it('asks nobody else when only mirrors are allowed', async () => {
    const maker = await mirror(serving(content));
    const error = await failure(aStore().fetch({ ...artifact, official: [maker.url] }));
    expect(error.code).toBe('E_DOWNLOAD');
    expect(maker.requests).toHaveLength(0);
  });

  it('names the cause of each source when none delivers', async () => {
    const missing = await mirror(answering(404));
    const broken = await mirror(answering(500));
    const error = await failure(
      aStore({ mirrors: [missing.url, broken.url, '/no/such/folder'] }).fetch(artifact),
    );
    expect(error.code).toBe('E_DOWNLOAD');
    expect(error.message.split('\n')).toEqual([
      `could not get ${artifact.path}`,
      `  ${missing.url}/${artifact.path}: 404 Not Found`,
      `  ${broken.url}/${artifact.path}: 500 Internal Server Error`,
      `  /no/such/folder/${artifact.path}: no such file`,
    ]);
    expect(missing.requests).toHaveLength(1);
    expect(broken.requests.length).toBeGreaterThan(1);
  });

  it('names a server that refuses connections', async () => {
    const error = await failure(aStore({ mirrors: ['http://127.0.0.1:1'] }).fetch(artifact));
    expect(error.message).toMatch(/127\.0\.0\.1:1.*ECONNREFUSED/);
  });

  it('tries a server again that is busy for a while', async () => {
    const busy = await mirror((request, response, count) => {
      (count < 3 ? answering(503) : serving(content))(request, response, count);
    });
    await expect(aStore({ mirrors: [busy.url] }).fetch(artifact)).resolves.toMatchObject({
      size: content.length,
    });
    expect(busy.requests).toHaveLength(3);
  });

  it('does not wait for ever on a server that says nothing', async () => {
    const silent = await mirror((request, response, count) => {
      if (count > 1) serving(content)(request, response, count);
    });
    await aStore({ mirrors: [silent.url], idleTimeoutMs: 50 }).fetch(artifact);
    expect(silent.requests).toHaveLength(2);
  });

  it('takes a folder as a mirror, verified too', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'release/v1.16.3/bin/linux/amd64'), { recursive: true });
    writeFileSync(join(folder, artifact.path), content);
    const stored = await aStore({ mirrors: [folder] }).fetch(artifact);
    expect(sha256(readFileSync(stored.file))).toBe(sha256(content));

    writeFileSync(join(folder, artifact.path), elf(300_000, 8));
    expect((await failure(aStore({ mirrors: [folder] }).fetch(artifact))).code).toBe('E_CHECKSUM');
  });

  it.each(['mirror.example.com', 'ftp://mirror.example.com', './mirror'])(
    'refuses %s as a mirror',
    async (bad) => {
      expect(await failure(aStore({ mirrors: [bad] }).fetch(artifact))).toMatchObject({ code: 'E_MIRROR' });
    },
  );

  it('sends a password of a mirror, and never shows it', async () => {
    const locked = await mirror(answering(401));
    const url = new URL(locked.url);
    url.username = 'user';
    url.password = 'hunter%22';
    const error = await failure(aStore({ mirrors: [url.href] }).fetch(artifact));
    expect(locked.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('user:hunter"').toString('base64')}`,
    );
    expect(error.message).toContain(`${locked.url}/${artifact.path}: 401 Unauthorized`);
    expect(error.message).not.toContain('hunter');
  });

  it('goes through the proxy of the environment, but not to hosts of NO_PROXY', async () => {
    const proxy = await mirror(serving(content));
    const proxyEnv = { httpProxy: proxy.url, httpsProxy: undefined, noProxy: undefined };
    await aStore({ mirrors: ['http://mirror.test'], proxyEnv }).fetch(artifact);
    expect(proxy.requests[0]?.url).toBe(`http://mirror.test/${artifact.path}`);

    const direct = await mirror(serving(content));
    await aStore({ mirrors: [direct.url], proxyEnv: { ...proxyEnv, noProxy: '127.0.0.1' } }).fetch(artifact);
    expect(direct.requests).toHaveLength(1);
    expect(proxy.requests).toHaveLength(1);
  });
});

describe('redirects', () => {
  const redirectingTo =
    (target: string) =>
    (_request: unknown, response: ServerResponse): void => {
      response.writeHead(302, { location: target }).end();
    };

  it('follows an http mirror to another http server, without its password', async () => {
    const goal = await mirror(serving(content));
    const start = await mirror(redirectingTo(`${goal.url}/elsewhere`));
    await aStore({ mirrors: [start.url.replace('//', '//user:pass@')] }).fetch(artifact);
    expect(goal.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/elsewhere', undefined],
    ]);
  });

  it('does not follow for ever', async () => {
    const round = await mirror(redirectingTo('/again'));
    expect((await failure(aStore({ mirrors: [round.url] }).fetch(artifact))).message).toMatch(
      /more than 5 redirects/,
    );
    expect(round.requests).toHaveLength(6);
  });

  it('refuses other schemes and hides what a signed address carries', async () => {
    const start = await mirror(redirectingTo('ftp://files.test/kubelet?signature=abc'));
    const { message } = await failure(aStore({ mirrors: [start.url] }).fetch(artifact));
    expect(message).toContain('redirects to ftp://files.test/kubelet, which is less safe');
  });
});
