import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Plan, allChanges, isEmpty } from '../../src/plan/plan.ts';
import { type Stage } from '../../src/plan/stage.ts';
import { bytes } from '../../src/resources/content.ts';
import { binary } from '../../src/resources/binary.ts';
import { absentFile, directory, file } from '../../src/resources/file.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { service } from '../../src/resources/service.ts';
import { sysctl } from '../../src/resources/sysctl.ts';
import { kernelModule, packages, systemUser } from '../../src/resources/system.ts';
import { applyOn } from '../../src/run/apply.ts';
import { makeFleet } from '../../src/run/fleet.ts';
import { lockAll } from '../../src/run/lock.ts';
import { dueOn } from '../../src/plan/planner.ts';
import { stage } from '../support/cells.ts';
import { look } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { type Shell, shells } from '../support/shells.ts';
import { makePlan, watchesOf } from '../support/planning.ts';

/** One thing on a host, how it is spoiled, and what a plan must then name. */
interface Piece {
  readonly resources: readonly Resource[];
  /** Undoes the resource on the host, in a way of its own. */
  readonly mutations: readonly ((host: RootedHost) => void)[];
  /** Ids that the plan names after any of these. */
  readonly named: readonly string[];
}

const name = fc.stringMatching(/^[a-z][a-z0-9.@_-]{0,11}$/);
const content = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.constantFrom('', '\n', 'a\n\n', '%s %d \\n $HOME `id` \'"', 'contents /etc/x\n', 'x'.repeat(70_000)),
);
const mode = fc.constantFrom('0600', '0640', '0644', '0700', '0755', '0400');
const otherMode = (wanted: string): number => (wanted === '0666' ? 0o600 : 0o666);

const filePiece = (secret: boolean): fc.Arbitrary<Piece> =>
  fc.record({ base: name, text: content, mode }).map(({ base, text, mode: wanted }) => {
    const path = `/etc/${secret ? 'secrets' : 'files'}/${base}`;
    return {
      resources: [file({ path, content: text, mode: wanted, secret })],
      named: [`file:${path}`],
      mutations: [
        (host) => {
          host.write(path, `${text}!`, Number.parseInt(wanted, 8));
        },
        (host) => {
          host.write(path, text, otherMode(wanted));
        },
        (host) => {
          rmSync(host.at(path));
        },
      ],
    };
  });

const directoryPiece: fc.Arbitrary<Piece> = fc
  .record({ base: name, mode: fc.constantFrom('0700', '0755') })
  .map(({ base, mode: wanted }) => {
    const path = `/var/lib/folders/${base}`;
    return {
      resources: [directory({ path, mode: wanted })],
      named: [`directory:${path}`],
      mutations: [
        (host) => {
          rmSync(host.at(path), { recursive: true });
        },
      ],
    };
  });

const absentPiece: fc.Arbitrary<Piece> = name.map((base) => ({
  resources: [absentFile(`/etc/absent/${base}`, 'is in the way')],
  named: [`file:/etc/absent/${base}`],
  mutations: [
    (host) => {
      host.write(`/etc/absent/${base}`, 'back');
    },
  ],
}));

const binaryPiece: fc.Arbitrary<Piece> = fc.record({ base: name, text: content }).map(({ base, text }) => {
  const path = `/opt/bin/${base}`;
  return {
    resources: [
      binary({ path, sha256: bytes(text).sha256, from: base, source: () => Promise.resolve(bytes(text)) }),
    ],
    named: [`file:${path}`],
    mutations: [
      (host) => {
        host.write(path, `${text}x`, 0o755);
      },
      (host) => {
        host.write(path, text, 0o644);
      },
    ],
  };
});

const sysctlPiece: fc.Arbitrary<Piece> = fc
  .record({
    base: fc.constantFrom('one', 'two', 'three'),
    value: fc.constantFrom('0', '1', '10 20  30', '4096\t8192'),
  })
  .map(({ base, value }) => ({
    resources: [sysctl(`net.test.${base}`, value)],
    named: [`sysctl:net.test.${base}`],
    mutations: [
      (host) => {
        host.write(`/proc/sys/net/test/${base}`, '77\n');
      },
    ],
  }));

const modulePiece: fc.Arbitrary<Piece> = fc
  .constantFrom('overlay', 'br_netfilter', 'ip_vs')
  .map((module) => ({
    resources: [kernelModule(module)],
    named: [`module:${module}`],
    mutations: [
      (host) => {
        rmSync(host.at(`/sys/module/${module}`), { recursive: true });
      },
    ],
  }));

const packagesPiece: fc.Arbitrary<Piece> = fc
  .uniqueArray(fc.constantFrom('socat', 'iptables', 'docker', 'etcd'), { minLength: 1 })
  .map((names) => ({
    resources: [packages('yum', names)],
    named: ['packages'],
    mutations: [
      (host) => {
        host.clearState(`packages/${names[0] ?? ''}`);
      },
    ],
  }));

const userPiece: fc.Arbitrary<Piece> = fc.constant({
  resources: [systemUser({ name: 'daemon-x', home: '/var/lib/x', comment: "it's a user" })],
  named: ['user:daemon-x'],
  mutations: [
    (host: RootedHost) => {
      host.clearState('users/daemon-x');
    },
  ],
});

/** A program with its unit, key and service: whatever of it is spoiled, the service is named too. */
const servicePiece: fc.Arbitrary<Piece> = fc
  .record({ base: fc.constantFrom('etcd', 'kubelet'), text: fc.string({ maxLength: 20 }) })
  .map(({ base, text }) => {
    const [unit, program, key] = [
      `/etc/systemd/system/${base}.service`,
      `/usr/local/bin/${base}`,
      `/etc/keys/${base}`,
    ];
    const unitText = `[Service]\nExecStart=${program}\nEnvironmentFile=-/var/lib/k8s-bootstrap/revisions/${base}.service\n`;
    return {
      resources: [
        binary({
          path: program,
          sha256: bytes('p').sha256,
          from: base,
          source: () => Promise.resolve(bytes('p')),
        }),
        file({ path: key, content: text, secret: true }),
        file({ path: unit, content: unitText }),
        service({
          unit: `${base}.service`,
          restartOn: [program, key, unit].map((path) => `file:${path}`),
          inputs: [unit, key],
        }),
      ],
      named: [`service:${base}.service`],
      mutations: [
        (host) => {
          host.setState(`units/${base}.service/active`, 'failed');
        },
        (host) => {
          host.clearState(`units/${base}.service/active`);
        },
        (host) => {
          host.clearState(`units/${base}.service/enabled`);
        },
        (host) => {
          host.setState(`units/${base}.service/masked`, '');
        },
      ],
    };
  });

const piece = fc.oneof(
  filePiece(false),
  filePiece(true),
  directoryPiece,
  absentPiece,
  binaryPiece,
  sysctlPiece,
  modulePiece,
  packagesPiece,
  userPiece,
  servicePiece,
);

/** Pieces that do not want the same thing twice. */
const pieces = fc.uniqueArray(piece, {
  minLength: 1,
  maxLength: 9,
  comparator: (a, b) => a === b,
  selector: ({ named }) => named[0],
});

function fresh(shell: Shell): RootedHost {
  const host = rootedHost(shell);
  for (const package_ of ['socat', 'iptables', 'docker', 'etcd']) host.setState(`repo/${package_}`, '1-1');
  for (const key of ['one', 'two', 'three']) host.write(`/proc/sys/net/test/${key}`, '5\n');
  return host;
}

async function plan(host: RootedHost, one: Stage): Promise<Plan> {
  return makePlan([one], new Map([['m1', await look(host.session(), watchesOf([one]).get('m1') ?? [])]]));
}

async function repair(host: RootedHost, one: Stage): Promise<void> {
  const fleet = makeFleet(['m1'], {
    addressOf: () => '192.0.2.1',
    emit: () => undefined,
    connect: () => Promise.resolve(host.session()),
    concurrency: 1,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  const member = fleet.members.get('m1')!;
  member.seen = await look(host.session(), watchesOf([one]).get('m1') ?? []);
  const stop = new AbortController().signal;
  const wish = { owner: 'me', essential: () => false, touched: new Set(['m1']), stop };
  const lock = await lockAll(fleet, wish);
  try {
    await applyOn(fleet, lock, member, one.id, dueOn(one, 'm1', member.seen, new Map()));
  } finally {
    await lock.release();
  }
}

const ids = (found: Plan): string[] => allChanges(found).map(({ planned }) => planned.id);

describe.each(shells)('any host, with $name as sh', (shell) => {
  it('has an empty plan after its plan was applied, names what is spoiled then, and is repaired', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), fc.nat(), async (wanted, which, how) => {
        const host = fresh(shell);
        const one = stage('all', ['m1'], { resources: () => wanted.flatMap(({ resources }) => resources) });
        await repair(host, one);
        expect(ids(await plan(host, one))).toEqual([]);
        const victim = wanted[which % wanted.length]!;
        victim.mutations[how % victim.mutations.length]!(host);
        expect(ids(await plan(host, one))).toEqual(victim.named);
        await repair(host, one);
        expect(isEmpty(await plan(host, one))).toBe(true);
      }),
      { numRuns: 4 },
    );
  }, 60_000);
});

describe('a change of what a service reads', () => {
  const shell = shells[0]!;

  it.each([
    ['its key', '/etc/keys/etcd'],
    ['its program', '/usr/local/bin/etcd'],
    ['its unit file', '/etc/systemd/system/etcd.service'],
  ])('by hand, of %s, is named with the service', async (_, path) => {
    const host = fresh(shell);
    const [etcd] = fc.sample(
      servicePiece.filter(({ named }) => named[0] === 'service:etcd.service'),
      { numRuns: 1, seed: 7 },
    );
    const one = stage('all', ['m1'], { resources: () => etcd!.resources });
    await repair(host, one);
    host.write(
      path,
      `${host.read(path)!}\n# by hand\n`,
      path.startsWith('/usr') ? 0o755 : path.includes('keys') ? 0o600 : 0o644,
    );
    expect(ids(await plan(host, one))).toEqual([`file:${path}`, 'service:etcd.service']);
    await repair(host, one);
    expect(ids(await plan(host, one))).toEqual([]);
  });
});
