import { describe, expect, it } from 'vitest';
import { checkReach } from '../../../src/cluster/reach.ts';
import { makeFleet } from '../../../src/run/fleet.ts';
import { STARTED } from '../../../src/transport/feed.ts';
import { hostSaying, worldOf } from '../phases/world.ts';

const listening = (...where: string[]): string =>
  hostSaying('centos', {
    listening: ['', ...where.map((at) => `LISTEN 0 128 ${at} *:* users:(("sshd",pid=1,fd=3))`)],
  });

/** Which addresses a host is made to dial; the second host of two, with what its sshd listens on. */
async function dialled(facts: string): Promise<string[]> {
  const host = { roles: ['worker'], ssh: { port: 2201 } };
  const inventory = {
    hosts: [
      { ...host, name: 'm1', address: 'nat.example.com', ip: '192.0.2.11', roles: ['master', 'etcd'] },
      { ...host, name: 'w1', address: 'nat.example.com', ip: '192.0.2.12' },
    ],
  };
  const asked: string[] = [];
  const fleet = makeFleet(['m1', 'w1'], {
    emit: () => undefined,
    addressOf: () => '192.0.2.1',
    connect: (name) =>
      Promise.resolve({
        host: name,
        stats: { connections: 1, execs: 0, bytesSent: 0 },
        close: () => Promise.resolve(),
        async exec(_command, { stdin = [] } = {}) {
          const chunks: Uint8Array[] = [];
          for await (const chunk of stdin) chunks.push(chunk);
          if (name === 'm1') asked.push(Buffer.concat(chunks).toString('utf8'));
          return { code: 0, stdout: Buffer.from(''), stderr: Buffer.from(STARTED) };
        },
      }),
    concurrency: 2,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  await checkReach(fleet, worldOf({ inventory, seen: { w1: { facts } } }));
  return [...asked.join('').matchAll(/\/dev\/tcp\/(\S+?)'/g)].map(([, where = '']) => where);
}

describe('where hosts dial each other', () => {
  it.each([
    ['on every address', ['*:22'], '192.0.2.12/22'],
    ['on another port', ['0.0.0.0:2222', '[::]:2222'], '192.0.2.12/2222'],
    ['on its own address alone', ['192.0.2.12:2022'], '192.0.2.12/2022'],
    ['elsewhere as well', ['127.0.0.1:2200', '192.0.2.12:22'], '192.0.2.12/22'],
    ['not by itself, but from a socket', [], '192.0.2.12/22'],
  ])('is where sshd listens, %s, and never the port that the controller dials', async (_, at, where) => {
    expect(await dialled(listening(...at))).toEqual([where]);
  });
});
