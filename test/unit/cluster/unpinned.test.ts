import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Cluster } from '../../../src/cluster/open.ts';
import { loadRelease } from '../../../src/release/release.ts';
import type { Emit } from '../../../src/run/events.ts';
import { everyHost, imaginedHost, openExample } from '../../support/example-cluster.ts';
import { makePlan } from '../../support/planning.ts';

async function clusterWith(artifacts: string, emit: Emit = () => undefined): Promise<Cluster> {
  const edit = (text: string): string => `${text}\nartifacts: ${artifacts}\n`;
  const example = { name: 'single-node', inventory: 'single-node.yaml', family: 'centos', edit } as const;
  const { cluster, close } = await openExample(example, { emit });
  onTestFinished(close);
  return cluster;
}

const planOf = async (artifacts: string): Promise<() => unknown> => {
  const cluster = await clusterWith(artifacts);
  const seen = everyHost(cluster, () => imaginedHost('centos'));
  return () => makePlan(cluster.desire(seen), seen);
};

/** Of another version than the cluster's, whose archive nobody has pinned either. */
const OTHER = 'kubernetes: { kubectl: v1.17.1 }';

it.each([
  '{ mirrors: [http://mirror.example.com], onlyMirrors: true }',
  '{ mirrors: [http://mirror.example.com] }',
])('a plan with %s is refused where a binary is not pinned', async (artifacts) => {
  expect(await planOf(`${artifacts}\n${OTHER}`)).toThrow(
    expect.objectContaining({
      code: 'E_CHECKSUM_UNKNOWN',
      message: expect.stringContaining(
        'http://mirror.example.com/release/v1.17.1/bin/linux/amd64/kubectl',
      ) as string,
    }),
  );
});

it.each([
  '{ mirrors: [http://mirror.example.com], onlyMirrors: true }',
  '{ mirrors: [http://mirror.example.com] }',
])('a plan with %s is not where all are, or come out of an archive that is', async (artifacts) => {
  expect(await planOf(artifacts)).not.toThrow();
});

it.each(['{ mirrors: [https://mirror.example.com] }', '{ mirrors: [/srv/mirror], onlyMirrors: true }'])(
  'a plan with %s is not',
  async (artifacts) => {
    expect(await planOf(`${artifacts}\n${OTHER}`)).not.toThrow();
  },
);

it('what is taken on trust is told: its digest, where it came from, and where that is written', async () => {
  const artifact = loadRelease('v1.16.3').artifact('kubectl', 'amd64', 'v1.17.1');
  const folder = mkdtempSync(join(tmpdir(), 'mirror-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, dirname(artifact.path)), { recursive: true });
  writeFileSync(join(folder, artifact.path), '\x7fELF');
  const told: Parameters<Emit>[0][] = [];
  const cluster = await clusterWith(`{ mirrors: [${folder}] }`, (event) => void told.push(event));
  const { sha256 } = await cluster.artifacts.fetch(artifact);
  const lockFile = join(dirname(cluster.inventory.file), 'k8s-bootstrap.lock.yaml');
  expect(told.filter(({ type }) => type === 'note')).toEqual([
    {
      type: 'note',
      level: 'info',
      message: `no checksum was known of kubectl v1.17.1: trusted is SHA-256 ${sha256}, as it came from ${join(folder, artifact.path)}; written to ${lockFile}, and every later download must match it`,
    },
  ]);
});
