import { afterEach, beforeEach, expect, it } from 'vitest';
import { createShared } from '../../src/transport/ssh-session.ts';
import type { SshTarget } from '../../src/transport/target.ts';
import { newKey, startSshServer, type SshServer } from '../support/ssh-server.ts';
import { connect, failure, PASSWORD, QUICK, scratch, target, trusting } from '../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
let inner: SshServer;
let bastion: SshServer;

beforeEach(async () => {
  folder = scratch();
  inner = await startSshServer({ password: PASSWORD });
  // Only the jump host can resolve the inner name.
  bastion = await startSshServer({
    password: PASSWORD,
    forwarding: true,
    routes: { 'inner.example:22': inner.port, 'closed.example:22': 1 },
  });
});
afterEach(async () => {
  await inner.close();
  await bastion.close();
  folder.remove();
});

const via = (server = bastion): SshTarget => target(server.port, {}, { host: 'bastion' });
const behind = (address = 'inner.example', jump = via()): SshTarget => target(22, {}, { address, via: jump });
const allKnown = (): Record<string, Buffer> => ({
  [`[127.0.0.1]:${bastion.port}`]: bastion.hostKeys[0]!,
  'inner.example': inner.hostKeys[0]!,
});

it('reaches a host that only the jump host knows', async () => {
  const session = await connect(behind(), { knownHosts: trusting(folder.path, allKnown()) });
  expect((await session.exec('echo in')).stdout.toString()).toBe('in\n');
  expect(bastion.seen.forwards).toMatchObject([{ destIP: 'inner.example', destPort: 22 }]);
  expect(bastion.seen.execs).toBe(0);
  await session.close();
});

it('checks the key of each hop under that hop’s own name', async () => {
  const imposter = newKey().private;
  const cases = [
    { known: { ...allKnown(), 'inner.example': imposter }, code: 'E_HOST_KEY_CHANGED', host: 'm1' },
    {
      known: { ...allKnown(), [`[127.0.0.1]:${bastion.port}`]: imposter },
      code: 'E_HOST_KEY_CHANGED',
      host: 'bastion',
    },
    {
      known: { [`[127.0.0.1]:${bastion.port}`]: bastion.hostKeys[0]! },
      code: 'E_HOST_KEY_UNKNOWN',
      host: 'm1',
    },
    { known: { 'inner.example': inner.hostKeys[0]! }, code: 'E_HOST_KEY_UNKNOWN', host: 'bastion' },
  ];
  for (const { known, code, host } of cases) {
    const error = await failure(connect(behind(), { knownHosts: trusting(folder.path, known) }));
    expect(error).toMatchObject({ code, where: { host } });
  }
  expect(inner.seen.logins).toEqual([]);
});

it('shares one connection to the jump host among all targets, and ends it with the last', async () => {
  const shared = createShared(QUICK);
  const knownHosts = trusting(folder.path, allKnown());
  const sessions = await Promise.all(
    Array.from({ length: 20 }, () => connect(behind(), { knownHosts, shared })),
  );
  expect(bastion.seen.connections).toBe(1);
  expect(inner.seen.connections).toBe(20);
  const [last, ...others] = sessions;
  await Promise.all(others.map((session) => session.close()));
  expect((await last!.exec('echo in')).stdout.toString()).toBe('in\n');
  await last!.close();
  await expect.poll(() => bastion.openConnections()).toBe(0);

  const again = await connect(behind(), { knownHosts, shared });
  expect(bastion.seen.connections).toBe(2);
  await again.close();
});

it('logs in through it a few at a time', async () => {
  const shared = createShared({ ...QUICK, loginsThroughJump: 2 });
  const knownHosts = trusting(folder.path, allKnown());
  const sessions = await Promise.all(
    Array.from({ length: 6 }, () => connect(behind(), { knownHosts, shared })),
  );
  expect(inner.seen.loginsAtOnce).toBeLessThanOrEqual(2);
  await Promise.all(sessions.map((session) => session.close()));
});

it('loses the targets with the jump host', async () => {
  const session = await connect(behind(), { knownHosts: trusting(folder.path, allKnown()) });
  const running = failure(session.exec('sleep 30'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  bastion.drop();
  expect((await running).code).toBe('E_CONNECTION_LOST');
});

it('loses a target whose own side has ended, although the jump host keeps the way to it open', async () => {
  const session = await connect(behind(), { knownHosts: trusting(folder.path, allKnown()) });
  const running = failure(session.exec('sleep 30'));
  await expect.poll(() => inner.seen.execs).toBe(1);
  inner.drop();
  expect((await running).code).toBe('E_CONNECTION_LOST');
  expect(bastion.openConnections()).toBeLessThanOrEqual(1);
});

it('names the jump host when that lets nobody in', async () => {
  const wrong = target(bastion.port, { password: undefined }, { host: 'bastion' });
  const error = await failure(
    connect(behind('inner.example', wrong), { knownHosts: trusting(folder.path, allKnown()) }),
  );
  expect(error).toMatchObject({ code: 'E_AUTH', where: { host: 'bastion' } });
  expect(bastion.seen.connections).toBe(1);
});

it('names the target when the jump host cannot reach it', async () => {
  const error = await failure(
    connect(behind('closed.example'), { knownHosts: trusting(folder.path, allKnown()) }),
  );
  expect(error.code).toBe('E_CONNECT_UNREACHABLE');
  expect(error.message).toContain('m1 (closed.example:22)');
  expect(error.message).toContain('bastion');
});

it('goes through two jump hosts', async () => {
  const outer = await startSshServer({ password: PASSWORD, forwarding: true });
  const knownHosts = trusting(folder.path, {
    ...allKnown(),
    [`[127.0.0.1]:${outer.port}`]: outer.hostKeys[0]!,
  });
  const second: SshTarget = { ...via(), via: target(outer.port, {}, { host: 'outer' }) };
  const session = await connect(behind('inner.example', second), { knownHosts });
  expect((await session.exec('echo in')).stdout.toString()).toBe('in\n');
  await session.close();
  await expect.poll(() => outer.openConnections()).toBe(0);
  await outer.close();
});
