import fc from 'fast-check';
import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Written, inventories } from '../../unit/plan/generated/inventories.ts';
import { HOSTS, addressOf, labInventory, settings } from '../support/lab.ts';
import { changedBy, explained, nothingToDo, scene, wipe } from '../support/scene.ts';

/**
 * Ten inventories as the simulated hosts take hundreds of, on real hosts. The same ten for the same seed:
 * `GENERATED_SEED=… npm run test:e2e -- long/76`.
 */

const SEED = Number(process.env['GENERATED_SEED'] ?? 1);
const generated = fc.sample(inventories({ mirror: `http://${settings.controller}:8080` }), {
  numRuns: 10,
  seed: SEED,
});

interface LabInventory {
  readonly hosts: readonly Written[];
  readonly network: Written;
  readonly [section: string]: unknown;
}

/** What the lab alone decides: its addresses, logins and images, and what its machine's kernel cannot do. */
function onLab(written: Written): Written {
  const lab = load(labInventory()) as LabInventory;
  const over = (name: string, more: object): object => ({ ...(written[name] as object), ...more });
  const taken = (written['hosts'] as (Written & { readonly roles: readonly string[] })[]).slice(
    0,
    HOSTS.length,
  );
  const hasWorker = taken.some(({ roles }) => roles.includes('worker'));
  const hosts = taken.map((host, index) => ({
    ...host,
    roles: hasWorker ? host.roles : [...host.roles, 'worker'],
    name: HOSTS[index],
    address: addressOf(HOSTS[index]!),
    ...('ssh' in lab.hosts[index]! ? { ssh: lab.hosts[index]['ssh'] } : {}),
  }));
  const { dns, os, runtime } = written as Readonly<Record<'dns' | 'os' | 'runtime', Written | undefined>>;
  const usesDns = written['profile'] !== 'course' && dns?.['provider'] !== 'none';
  return {
    ...written,
    // Their images and their server are not there.
    addons: {},
    proxy: undefined,
    hosts,
    ssh: lab['ssh'],
    network: over('network', { ...lab.network, proxyMode: 'iptables' }),
    artifacts: lab['artifacts'],
    images: lab['images'],
    ...(usesDns && {
      dns: over('dns', {
        ...(lab['dns'] as object),
        ...(dns?.['upstream'] ? { upstream: [settings.controller] } : {}),
      }),
    }),
    runtime: over('runtime', {
      // The root of a host is an overlay, on which there can be no other.
      ...(runtime?.['dataDir'] ? { dataDir: '/var/lib/docker/elsewhere' } : {}),
      insecureRegistries: [`${settings.controller}:5000`],
      restrictOomScoreAdj: true,
    }),
    os: over('os', {
      ...(os?.['packages'] ? { packages: ['tcpdump'] } : {}),
      ...(os?.['sysctls'] ? { sysctls: { 'net.ipv4.tcp_fin_timeout': 45 } } : {}),
      ...(os?.['timeServers'] ? { timeServers: [settings.controller] } : {}),
    }),
    kubeProxy: over('kubeProxy', { config: { conntrack: { maxPerCore: 0 } } }),
  };
}

beforeAll(() => {
  console.log(`seed ${SEED}`);
});
afterAll(() => wipe(...HOSTS));

test.each(
  generated.map((written, index) => ({ number: index + 1, text: dump(onLab(written), { noRefs: true }) })),
)(
  'inventory $number makes a cluster, and leaves nothing to do',
  async ({ text }) => {
    console.log(text);
    await wipe(...HOSTS);
    const here = scene('generated', text);
    try {
      const first = await here.run(['up', '--accept-new-host-keys']);
      expect(first.code, explained(first)).toBe(0);
      expect(changedBy(first)).toBeGreaterThan(0);
      await nothingToDo(here);
    } finally {
      here.remove();
    }
  },
  600_000,
);
