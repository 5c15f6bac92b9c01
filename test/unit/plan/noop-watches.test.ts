import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/cluster/open.ts';
import type { Observed, Watch } from '../../../src/probe/observe.ts';
import { group } from '../../../src/probe/probe.ts';
import {
  type Family,
  type HostSpec,
  type OpenExample,
  everyHost,
  examples,
  imaginedHost,
  openExample,
} from '../../support/example-cluster.ts';
import { watchesOf } from '../../support/planning.ts';

/** A run with nothing to do looks once: what is asked before anything is known must be all that is asked afterwards. */

interface System {
  readonly ids: readonly string[];
  readonly versions: readonly string[];
  readonly family: Family;
}

const { systems } = load(
  readFileSync(new URL('../../../release/host-packages.yaml', import.meta.url), 'utf8'),
) as {
  systems: readonly System[];
};

/** Every operating system that is supported, as its os-release says it. */
const everySystem = systems.flatMap(({ ids, versions, family }) =>
  ids.flatMap((id) => versions.map((version) => ({ id, version, family }))),
);

/** A host on which everything was done. */
function converged(id: string, version: string, family: Family, name: string, more: HostSpec = {}): Observed {
  const like = family === 'centos' ? 'rhel fedora' : '';
  return imaginedHost(family, {
    facts: {
      id,
      like,
      version,
      uname: `${name} 5.10.0 x86_64`,
      'cluster.name': 'demo',
      'cluster.ca': 'ab'.repeat(20),
      selinux: '0',
      swap: '/dev/sda2',
      ...more.facts,
    },
    packages: more.packages ?? (() => '1.0-1'),
    more: {
      answer: (key) => ({ code: 0, output: key === 'etcd-data' ? 'yes' : '' }),
      object: () => ({ status: 200, body: {} }),
      endpoint: () => ({ status: 200, text: 'ok' }),
      unit: (unit) => ({
        load: 'loaded',
        active: 'active',
        sub: 'running',
        enabled: 'enabled',
        needsReload: false,
        runningRevision: unit,
        diskRevision: unit,
        binaryReplaced: false,
        startedAt: '',
        fragment: '',
        dropIns: [],
      }),
      ...more.more,
    },
  });
}

const keyOf = ({ kind, key }: Watch): string => `${kind}:${key}`;

/** What is asked beyond the first look, and questions that would be asked differently. */
function beyond(cluster: Cluster, seen: ReadonlyMap<string, Observed>): string[] {
  return [...watchesOf(cluster.desire(seen))].flatMap(([host, watches]) => {
    const asked = group(cluster.watches(host));
    const first = new Map(
      [
        ...asked.file,
        ...asked.unit,
        ...asked.package,
        ...asked.sysctl,
        ...asked.module,
        ...asked.answer,
        ...asked.object,
      ].map((watch) => [keyOf(watch), watch]),
    );
    const wanted = group(watches);
    const all = [
      ...wanted.file,
      ...wanted.unit,
      ...wanted.package,
      ...wanted.sysctl,
      ...wanted.module,
      ...wanted.answer,
      ...wanted.object,
    ];
    return all.flatMap((watch) => {
      const known = first.get(keyOf(watch));
      if (known === undefined) return [`${host} asks ${keyOf(watch)} too late`];
      if (watch.kind === 'file' && known.kind === 'file') {
        // What tells more does for what tells less.
        const more = ['digest', 'hash', 'content'];
        const enough =
          known.read === watch.read ||
          (watch.read !== 'secret' && more.indexOf(known.read) > more.indexOf(watch.read));
        return enough ? [] : [`${host} reads ${watch.key} as ${known.read}, wants ${watch.read}`];
      }
      if (watch.kind === 'unit' && known.kind === 'unit' && watch.inputs.length > 0) {
        return String(known.inputs) === String(watch.inputs)
          ? []
          : [`${host} computes another revision of ${watch.key}`];
      }
      if (watch.kind === 'answer' && known.kind === 'answer') {
        return known.script === watch.script ? [] : [`${host} asks ${watch.key} in other words`];
      }
      return [];
    });
  });
}

describe.each(examples.filter(({ name }) => name !== 'single-node-debian'))(
  'the first look of $name',
  (example) => {
    let open: OpenExample;
    beforeAll(async () => {
      open = await openExample(example);
    });
    afterAll(() => open.close());

    it('never leaves the shell that all questions share', () => {
      const scripts = open.cluster.inventory.hosts
        .flatMap(({ name }) => open.cluster.watches(name))
        .flatMap((watch) => (watch.kind === 'answer' ? [watch.script] : []));
      expect(scripts.filter((script) => /\b(exit|exec|return|N=|D=|trap)\b/.test(script))).toEqual([]);
    });

    it.each(everySystem)('is enough on $id $version', ({ id, version, family }) => {
      const hosts = everyHost(open.cluster, (name) => converged(id, version, family, name));
      expect(beyond(open.cluster, hosts)).toEqual([]);
    });

    it('is enough on hosts that are new, of which only one is there, and of mixed families', () => {
      const { cluster } = open;
      expect(
        beyond(
          cluster,
          everyHost(cluster, () => imaginedHost('centos')),
        ),
      ).toEqual([]);
      const bare = everyHost(cluster, () => imaginedHost('debian', { packages: () => 'absent' }));
      expect(beyond(cluster, bare)).toEqual([]);
      const [first] = cluster.inventory.hosts;
      const one = new Map([[first!.name, converged('centos', '7', 'centos', first!.name)]]);
      expect(beyond(cluster, one)).toEqual([]);
      let next = 0;
      const mixed = everyHost(cluster, (name) =>
        (next += 1) % 2
          ? converged('debian', '12', 'debian', name)
          : converged('centos', '7', 'centos', name),
      );
      expect(beyond(cluster, mixed)).toEqual([]);
    });

    it('is enough where docker was installed in another way', () => {
      const packages = (name: string): string => (name === 'docker-ce' ? 'absent' : '1.13.1');
      const facts = { docker: 'ExecStart=/usr/bin/dockerd-current --exec-opt native.cgroupdriver=systemd' };
      const hosts = everyHost(open.cluster, (name) =>
        converged('centos', '7', 'centos', name, { packages, facts }),
      );
      expect(beyond(open.cluster, hosts)).toEqual([]);
    });
  },
);
