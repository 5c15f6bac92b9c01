import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KUBECONFIGS, questionsTo } from '../../../../src/commands/certs/sources.ts';
import { leafCertificate } from '../../../../src/pki/issue-certificate.ts';
import { newKeyPair, privatePem } from '../../../../src/pki/keys.ts';
import { shells } from '../../../support/shells.ts';
import { worldOf } from '../../phases/world.ts';
import { newIssuer, plainSpec, temporaryFolder } from '../../pki/support.ts';

/** The question to one port of a host that is this machine. */
function question(port: number): string {
  const { inventory } = worldOf({
    inventory: {
      hosts: [{ name: 'm1', address: '192.0.2.11', ip: '127.0.0.1', roles: ['master', 'etcd'] }],
      apiServer: { port },
    },
  });
  const watch = questionsTo(inventory, inventory.hosts[0]!).find(
    ({ key }) => key === `served:127.0.0.1:${port}`,
  );
  if (watch?.kind !== 'answer') throw new Error('nothing asks the API server');
  expect(watch.slow).toBe(true);
  return watch.script;
}

const ask = async (shell: string, script: string, path = process.env['PATH']): Promise<string> =>
  (await promisify(execFile)(shell, ['-c', script], { env: { PATH: path } })).stdout;

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe.each(shells)('asked with $name', ({ path: shell }) => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a server by %s tells its certificate, and not its authority’s',
    async (version) => {
      const [issuer, keys] = await Promise.all([newIssuer(), newKeyPair(2048)]);
      const leaf = leafCertificate(plainSpec, keys, issuer, new Date());
      const key = privatePem(keys.privateKey).reveal();
      const options = { cert: `${leaf}${issuer.certificate}`, key, minVersion: version, maxVersion: version };
      const port = await listen(createTlsServer(options));
      expect(await ask(shell, question(port))).toBe(leaf);
    },
  );

  it('a server that wants a certificate of its clients tells its own all the same', async () => {
    const [issuer, keys] = await Promise.all([newIssuer(), newKeyPair(2048)]);
    const leaf = leafCertificate(plainSpec, keys, issuer, new Date());
    const key = privatePem(keys.privateKey).reveal();
    const port = await listen(
      createTlsServer({ cert: leaf, key, requestCert: true, ca: issuer.certificate }),
    );
    expect(await ask(shell, question(port))).toBe(leaf);
  });

  it('a closed port tells nothing, and neither does a server without TLS', async () => {
    const server = createServer((socket) => socket.end('hello\n'));
    expect(await ask(shell, question(await listen(server)))).toBe('');
    expect(await ask(shell, question(1))).toBe('');
  });

  it('a host without openssl says so', async () => {
    expect(await ask(shell, question(1), '/nonexistent')).toBe('no openssl\n');
  });
});

it('kubeconfigs tell their certificates and no key', async () => {
  const folder = temporaryFolder();
  const { inventory } = worldOf();
  const watch = questionsTo(inventory, inventory.hosts[0]!).find(({ key }) => key === KUBECONFIGS);
  if (watch?.kind !== 'answer') throw new Error('nothing asks for kubeconfigs');
  mkdirSync(join(folder, 'kubernetes'));
  writeFileSync(
    join(folder, 'kubernetes', 'admin.conf'),
    'users:\n  - user:\n      client-certificate-data: QUJD\n      client-key-data: c2VjcmV0\n',
  );
  chmodSync(join(folder, 'kubernetes'), 0o755);
  const said = await ask('sh', watch.script.replaceAll('/etc/', `${folder}/`));
  expect(said).toBe(`== ${folder}/kubernetes/admin.conf\nQUJD\n`);
});
