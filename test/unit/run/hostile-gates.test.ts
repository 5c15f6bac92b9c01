import { describe, expect, it } from 'vitest';
import { asBootstrapError } from '../../../src/kernel/errors.ts';
import type { Gate } from '../../../src/plan/stage.ts';
import { knownError } from '../../../src/release/known-errors.ts';
import { makeFleet } from '../../../src/run/fleet.ts';
import { pass, standing } from '../../../src/run/gates.ts';
import { leaderGate, roomGate } from '../../../src/phases/etcd/etcdctl.ts';
import { STARTED } from '../../../src/transport/feed.ts';
import { everyHost, examples, withExample } from '../../support/example-cluster.ts';
import { MEGABYTE, hostileHost, hostileTexts, quickly } from '../../support/hostile.ts';

const fleetOf = (hosts: readonly string[], said = ''): ReturnType<typeof makeFleet> =>
  makeFleet(hosts, {
    emit: () => undefined,
    addressOf: () => '192.0.2.11',
    connect: (host) =>
      Promise.resolve({
        host,
        stats: { connections: 1, execs: 0, bytesSent: 0 },
        close: () => Promise.resolve(),
        exec: () => Promise.resolve({ code: 0, stdout: Buffer.from(said), stderr: Buffer.from(STARTED) }),
      }),
    concurrency: 1,
    kill: new AbortController().signal,
    knownError,
  });

describe.each(examples)('gates of $name', (example) => {
  // Of a megabyte, that example has all phases.
  const texts = Object.entries(hostileTexts).filter(
    ([name]) => name !== 'a megabyte' || example.name === 'nfs',
  );
  it.each(texts)('say in a few words what is missing, where hosts answer %s', async (_, text) => {
    await withExample(example, async (cluster) => {
      const seen = everyHost(cluster, (name) => hostileHost(text, example.family, name));
      const fleet = fleetOf([...seen.keys()]);
      for (const member of fleet.members.values()) member.seen = seen.get(member.name);
      const gates = [...cluster.desire(seen)].flatMap((stage) =>
        [...stage.hosts].flatMap((host) => stage.gates(host)),
      );
      const ofEtcd = cluster.inventory.hosts.flatMap((host) => [leaderGate(host), roomGate(host)]);
      const said = await quickly(() => [...gates, ...ofEtcd].map((gate) => standing(fleet, gate) ?? ''));
      expect(said.filter((one) => one.length > 700 || /\p{Cc}/u.test(one))).toEqual([]);
      expect(new Set(said).size).toBeGreaterThan(3);
    });
  });
});

const lines = (line: string): string => `${line}\n`.repeat(MEGABYTE / line.length);

it.each([
  ...Object.entries(hostileTexts),
  ['one line that begins as known errors do', 'cgroup No package checksum of '.repeat(MEGABYTE / 30)],
  ['lines that begin as known errors do', lines('inotify cgroup stat rbash: '.repeat(100))],
])('a gate that fails over a journal of %s ends at once', async (_, journal) => {
  const fleet = fleetOf(['m1'], journal);
  const gate: Gate = {
    title: 'etcd is healthy',
    at: 'away',
    watches: [],
    judge: () => undefined,
    timeoutSeconds: 1,
    units: ['etcd.service'],
  };
  const error = await quickly(() =>
    pass(fleet, fleet.members.get('m1')!, 'etcd', gate, new AbortController().signal).catch(asBootstrapError),
  );
  expect(error).toMatchObject({ code: 'E_GATE', hint: expect.any(String) as string });
  expect(error?.message.length).toBeLessThan(150_000);
});
