import { expect, it } from 'vitest';
import { makeAndUse } from '../../../../../src/commands/nfs/claim/claim.ts';
import type { ClaimSpec } from '../../../../../src/commands/nfs/claim/claim-objects.ts';
import { BootstrapError } from '../../../../../src/kernel/errors.ts';
import { makeFleet } from '../../../../../src/run/fleet.ts';
import { STARTED } from '../../../../../src/transport/feed.ts';
import type { Session } from '../../../../../src/transport/session.ts';

const spec = {
  namespace: 'nfs-check-x',
  provisioner: { storageClass: { name: 'c' }, server: 's', export: '/e', namespace: 'k', name: 'p' },
  image: 'busybox',
  nodes: [],
  word: 'w',
} as unknown as ClaimSpec;

/** A session whose connection is given up together with the command that was broken off. */
function session(): Session {
  let broken = false;
  const lost = (): BootstrapError => new BootstrapError('E_CONNECTION_LOST', 'm1: the connection was lost');
  return {
    host: 'm1',
    stats: { connections: 1, execs: 0, bytesSent: 0 },
    close: () => Promise.resolve(),
    exec: (_command, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (broken) reject(lost());
        if (signal?.aborted === false && signal !== killed.signal) {
          signal.addEventListener('abort', () => {
            broken = true;
            reject(new BootstrapError('E_ABORTED', 'stopped'));
          });
          stop.abort();
        } else resolve({ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.from(STARTED) });
      }),
  };
}

let stop = new AbortController();
const killed = new AbortController();

function run(connect: () => Promise<Session>): Promise<unknown> {
  stop = new AbortController();
  const fleet = makeFleet(['m1'], {
    emit: () => undefined,
    connect,
    addressOf: () => '',
    concurrency: 1,
    kill: killed.signal,
    knownError: () => undefined,
  });
  return makeAndUse(fleet, fleet.members.get('m1')!, spec, stop.signal);
}

it('an interrupted claim is taken away over another connection', async () => {
  expect(await run(() => Promise.resolve(session()))).toBeUndefined();
});

it('one that cannot be taken away is an interrupt, and names what is left', async () => {
  let first = true;
  const connect = (): Promise<Session> => {
    if (!first) return Promise.reject(new BootstrapError('E_CONNECT_REFUSED', 'off'));
    first = false;
    return Promise.resolve(session());
  };
  await expect(run(connect)).rejects.toMatchObject({
    code: 'E_ABORTED',
    exitCode: 130,
    hint: 'kubectl delete namespace nfs-check-x takes them away.',
  });
});
