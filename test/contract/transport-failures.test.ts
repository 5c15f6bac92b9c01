import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createShared } from '../../src/transport/ssh-session.ts';
import type { Session } from '../../src/transport/session.ts';
import type { SshSettings } from '../../src/transport/target.ts';
import { startSshServer, type SshServer, type SshServerOptions } from '../support/ssh-server.ts';
import { connect, failure, PASSWORD, QUICK, scratch, target, trusting } from '../support/ssh-target.ts';

const folder = scratch();
const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  cleanups.length = 0;
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function start(options: SshServerOptions = {}): Promise<SshServer> {
  const server = await startSshServer({ password: PASSWORD, ...options });
  cleanups.push(() => server.close());
  return server;
}

async function open(server: SshServer, ssh: Partial<SshSettings> = {}, tuning = {}): Promise<Session> {
  const knownHosts = trusting(folder.path, { [`[127.0.0.1]:${server.port}`]: server.hostKeys[0]! });
  const session = await connect(target(server.port, ssh), {
    knownHosts,
    shared: createShared({ ...QUICK, ...tuning }),
  });
  cleanups.push(() => session.close());
  return session;
}

/** A TCP server that is not sshd. */
async function plainServer(
  talk: (socket: Socket) => void,
): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

const nobody = { knownHosts: trusting(folder.path, {}) };

describe('a connection that cannot be made', () => {
  it('is named when the port refuses it', async () => {
    const { port } = await plainServer(() => undefined);
    for (const cleanup of cleanups.splice(0)) await cleanup();
    const error = await failure(connect(target(port), nobody));
    expect(error.code).toBe('E_CONNECT_REFUSED');
    expect(error.message).toBe(`m1 (127.0.0.1:${port}) refuses connections`);
    expect(error.hint).toContain('sshd');
  });

  it('is named when the name does not resolve', async () => {
    const error = await failure(connect(target(22, {}, { address: 'no-such-host.invalid' }), nobody));
    expect(error.code).toBe('E_CONNECT_NAME');
    expect(error.message).toContain('no-such-host.invalid');
  });

  it('is named when something else answers', async () => {
    const web = await plainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(600)));
    const error = await failure(connect(target(web.port), nobody));
    expect(error.code).toBe('E_SSH_PROTOCOL');
    expect(web.connections()).toBe(1);
  });

  it('is given up after the time limit, and tried twice', async () => {
    const silent = await plainServer(() => undefined);
    const started = Date.now();
    const error = await failure(connect(target(silent.port, { connectTimeoutSeconds: 0.2 }), nobody));
    expect(error.code).toBe('E_CONNECT_TIMEOUT');
    expect(silent.connections()).toBe(2);
    expect(Date.now() - started).toBeLessThan(3000);
  });

  it('is given up when told to', async () => {
    const silent = await plainServer(() => undefined);
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 50);
    const error = await failure(connect(target(silent.port), { ...nobody, signal: controller.signal }));
    expect(error.code).toBe('E_ABORTED');
    expect(silent.connections()).toBe(1);
  });

  it('is tried again when sshd drops it, as it does when too many log in at once', async () => {
    const server = await start({ dropConnections: 3 });
    const session = await open(server);
    expect((await session.exec('echo in')).stdout.toString()).toBe('in\n');
    expect(session.stats.connections).toBe(4);
    expect(server.seen.connections).toBe(4);
  });

  it('is named when it is dropped every time', async () => {
    const server = await start({ dropConnections: 99 });
    expect((await failure(open(server))).code).toBe('E_CONNECT_RESET');
    expect(server.seen.connections).toBe(6);
  });
});

describe('a connection that is lost', () => {
  it('makes the running command a failure, though no error was seen', async () => {
    const server = await start();
    const session = await open(server);
    const running = failure(session.exec('sleep 30'));
    await sleep(100);
    server.drop();
    const error = await running;
    expect(error.code).toBe('E_CONNECTION_LOST');
    expect(error.message).toContain(`m1 (127.0.0.1:${server.port})`);
    expect((await failure(session.exec('true'))).code).toBe('E_CONNECTION_LOST');
  });

  it('makes a command a failure that is still being fed', async () => {
    const server = await start();
    const session = await open(server);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        await sleep(1);
        yield Buffer.alloc(65_536);
      }
    };
    const running = failure(session.exec('cat >/dev/null', { stdin: endless() }));
    await sleep(100);
    server.drop();
    expect((await running).code).toBe('E_CONNECTION_LOST');
  });

  it('is noticed when the host falls silent', async () => {
    const server = await start();
    let frozen = false;
    const proxy = await plainServer((socket) => {
      const upstream = new (socket.constructor as new () => Socket)();
      upstream.on('error', () => undefined);
      upstream.connect(server.port, '127.0.0.1');
      socket.on('data', (chunk) => frozen || upstream.write(chunk));
      upstream.on('data', (chunk) => frozen || socket.write(chunk));
      socket.on('close', () => upstream.destroy());
    });
    const knownHosts = trusting(folder.path, { [`[127.0.0.1]:${proxy.port}`]: server.hostKeys[0]! });
    const shared = createShared({ ...QUICK, keepaliveMs: 50, keepaliveCount: 2 });
    const session = await connect(target(proxy.port), { knownHosts, shared });
    const running = failure(session.exec('sleep 30'));
    await sleep(60);
    frozen = true;
    expect((await running).code).toBe('E_CONNECTION_LOST');
    await session.close();
  });

  it('is no crash when nobody is waiting for anything', async () => {
    const server = await start();
    const session = await open(server);
    server.drop();
    await sleep(50);
    expect((await failure(session.exec('true'))).code).toBe('E_CONNECTION_LOST');
  });
});

describe('a channel', () => {
  it('that closes without an exit code is a failure', async () => {
    const server = await start({
      builtins: {
        vanish: (channel) => {
          channel.close();
        },
      },
    });
    const session = await open(server);
    expect((await failure(session.exec('vanish'))).code).toBe('E_CONNECTION_LOST');
    expect((await session.exec('echo on')).stdout.toString()).toBe('on\n');
  });

  it('whose exit code comes with the confirmation in one packet is no loss', async () => {
    const quick = {
      at: (channel: { exit: (code: number) => void; end: () => void }) => {
        channel.exit(5);
        channel.end();
      },
    };
    const server = await start({ builtins: { quick: quick.at } });
    const session = await open(server);
    expect((await session.exec('quick')).code).toBe(5);
  });

  it('that is refused is asked for again', async () => {
    const server = await start({ refuseChannels: 3 });
    const session = await open(server);
    expect((await session.exec('echo in')).stdout.toString()).toBe('in\n');
  });

  it('that is refused every time is named', async () => {
    const server = await start({ maxSessions: 0 });
    const session = await open(server);
    const error = await failure(session.exec('true'));
    expect(error.code).toBe('E_CHANNEL');
    expect(error.hint).toContain('MaxSessions');
  });

  it('is never one of more than six at once', async () => {
    const server = await start();
    const session = await open(server);
    const results = await Promise.all(Array.from({ length: 20 }, () => session.exec('sleep 0.05')));
    expect(results.every(({ code }) => code === 0)).toBe(true);
    expect(server.seen.commandsAtOnce).toBe(6);
  });

  it('whose command outlives its time limit takes the connection with it', async () => {
    const server = await start({
      builtins: {
        stuck: (channel) => {
          channel.close = () => undefined; // sshd confirms nothing while the command lives
        },
      },
    });
    const session = await open(server, {}, { closeGraceMs: 100 });
    expect((await failure(session.exec('stuck', { timeoutMs: 50 }))).code).toBe('E_TIMEOUT');
    await expect.poll(() => server.openConnections()).toBe(0);
    expect((await failure(session.exec('true'))).code).toBe('E_CONNECTION_LOST');
  });

  it('uses the time limit of the host when the caller names none', async () => {
    const server = await start();
    const session = await open(server, { commandTimeoutSeconds: 2 });
    expect((await failure(session.exec('sleep 30'))).code).toBe('E_TIMEOUT');
    expect((await session.exec('echo still')).stdout.toString()).toBe('still\n');
  });
});

it('closes its connection', async () => {
  const server = await start();
  const session = await open(server);
  await session.close();
  await session.close();
  expect((await failure(session.exec('true'))).code).toBe('E_CONNECTION_LOST');
});
