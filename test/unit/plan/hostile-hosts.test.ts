import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { judge } from '../../../src/plan/planner.ts';
import type { FileState, Observed } from '../../../src/probe/observe.ts';
import { probeScript } from '../../../src/probe/probe.ts';
import { LOCK_OWNER, STATE, compile } from '../../../src/resources/compile.ts';
import { MANIFEST } from '../../../src/resources/manifest.ts';
import type { Step } from '../../../src/resources/step.ts';
import {
  type OpenExample,
  everyHost,
  examples,
  imaginedHost,
  openExample,
} from '../../support/example-cluster.ts';
import { shells } from '../../support/shells.ts';

/**
 * Whatever a host answers stays text. Each value is one that ends any quoting it may be put into and then makes a file;
 * there is no blank in it, so that parsers which cut at blanks hand it on whole. Scripts that hold it are run.
 */
const MARK = 'canary';
const MAKES = `:>${MARK}`;
const HOSTILE = `x$(${MAKES})\`${MAKES}\`';${MAKES};'";${MAKES};"$(${MAKES})\u001b[2J`;
const DIGEST = 'a'.repeat(64);

/** Shapes in which a value survives more of the parsers. */
const shapes: Readonly<Record<string, string>> = {
  'a word': HOSTILE,
  lines: `x\n${MAKES}\n${HOSTILE}`,
  'an option': `--root=${HOSTILE}`,
  'behind a range': `10.244.0.0/24${HOSTILE}`,
  'NUL bytes': `x\0${HOSTILE}\0`,
  'orders to a terminal': `x\u001b]0;t\u0007\u001b[31m\u009b2J\r${HOSTILE}\b`,
  // Much longer than any parser takes a line for: nothing may be slow.
  'a megabyte': `${'x'.repeat(1024 ** 2)}${HOSTILE}`,
};

const KEYS =
  'pretty manager etcHostname machineId cmdline cpus memory swap swapAtBoot swapUnit selinux selinuxAtBoot cgroup cluster.name cluster.ca mark podRoute'.split(
    ' ',
  );

function hostileAnswer(key: string, value: string, name: string): string {
  const lines = [
    'zone ' + value.replaceAll(/\s/g, ''),
    `== active\ndict entry( trusted array [ dict entry( sources array [ ${value} ] ) ] )`,
    `== runtime ports\narray [ ${value} tcp ]`,
    `== permanent zone\n<port port="${value}" protocol="tcp"/>`,
    `own ${value}`,
    `other ${value}`,
    `rows ${value} ${DIGEST}`,
    `{"health":"true"}`,
    `== file ${value}\n/${value} ${value}(rw)`,
    `== table\n/${value} ${value}(${value})`,
    `777 ${value} 0 ${value} 0 directory|/${value}|`,
  ];
  return key === 'etcd-members'
    ? JSON.stringify([
        { id: '1', name: value, peerURLs: [`https://${name}${value}:2380`], clientURLs: [value] },
      ])
    : lines.join('\n');
}

/** A host that answers each question with such a value. */
function hostile(value: string, family: 'centos' | 'debian', name: string): Observed {
  const word = value.replaceAll(/[\n\r]/g, '');
  const facts = {
    ...Object.fromEntries(KEYS.map((key) => [key, key === 'swapUnit' ? `${word}.swap` : word])),
    uname: `${word} ${word} x86_64`,
    cni: `"subnet": "${word.replaceAll('"', '')}"`,
    ...(family === 'centos' ? { version: '7' } : {}),
  };
  const content = Buffer.from(
    [
      value,
      `"subnet": "${word}"`,
      `ETCD_INITIAL_CLUSTER_STATE=${word}`,
      `RPCMOUNTDOPTS="${word}"`,
      `${word} 192.0.2.11`,
      '',
    ].join('\n'),
  );
  const manifest = Buffer.from(
    [`${word}\t/etc/${word}\tbase`, `link\t/etc/systemd/system/${word}.service\tbase`, ''].join('\n'),
  );
  const stateOf = (path: string): FileState => {
    const bytes = path === MANIFEST ? manifest : content;
    return {
      type: 'file',
      mode: '0000',
      owner: word,
      group: word,
      size: bytes.length,
      sha256: word.replaceAll('\0', ''), // what is read there is digits
      content: bytes,
    };
  };
  const meta = { name: value, namespace: value, labels: { [value]: value }, annotations: { [value]: value } };
  const item = (own: string): unknown => ({
    kind: value,
    apiVersion: value,
    metadata: { ...meta, name: own },
    spec: { podCIDR: value, taints: [{ key: value, value, effect: value }] },
    status: { conditions: [{ type: 'Ready', status: value, message: value }] },
  });
  return imaginedHost(family, {
    facts,
    packages: () => word,
    more: {
      file: stateOf,
      unit: () => ({
        load: value,
        active: value,
        sub: value,
        enabled: value,
        needsReload: true,
        runningRevision: value,
        diskRevision: value,
        binaryReplaced: true,
        startedAt: value,
        fragment: value,
        dropIns: [value],
      }),
      sysctl: () => value,
      module: () => 'absent',
      answer: (key) => ({ code: 0, output: hostileAnswer(key, value, name) }),
      object: () => ({ status: 200, body: { items: [item(value), item(name)] } }),
      endpoint: () => ({ status: 200, text: value }),
    },
  });
}

/** A folder that stands for `/`, with a PATH on which every command does nothing and says so. */
class Recorder {
  readonly root = mkdtempSync(join(tmpdir(), 'k8sb-hostile-'));
  readonly #bin = join(this.root, 'bin');
  readonly #script = `${this.root}.sh`;

  constructor() {
    mkdirSync(this.#bin);
    writeFileSync(join(this.#bin, 'nothing'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    writeFileSync(join(this.#bin, 'flock'), '#!/bin/sh\ncase $1 in -n) exit 1 ;; esac\n', { mode: 0o755 });
    writeFileSync(join(this.#bin, 'mktemp'), '#!/bin/sh\necho tmp\n', { mode: 0o755 });
    const names =
      'apt-get awk cat chmod chown cmp cp curl cut date dd dirname docker df dpkg-query env exportfs find firewall-cmd grep head id ip iptables kubectl ln ls mkdir modprobe mv printenv readlink restorecon rm rmdir rpm sed setenforce setsebool setsid sha256sum sleep sort ss stat swapoff systemctl tail tar timeout touch tr uname useradd wc yum dnf'.split(
        ' ',
      );
    for (const name of names) symlinkSync('nothing', join(this.#bin, name));
    for (const folder of [
      STATE,
      LOCK_OWNER.slice(0, LOCK_OWNER.lastIndexOf('/')),
      '/run',
      '/etc',
      '/tmp',
      '/proc/sys/kernel',
      '/usr/local/bin',
      '/opt/cni/bin',
    ])
      mkdirSync(this.#at(folder), { recursive: true });
    mkdirSync(join(this.root, 'tmp'));
  }

  #at(path: string): string {
    return join(this.root, path.replace(/^\//, '@'));
  }

  /** What a script leaves behind that is called like the canary. */
  run(script: string, shell: string): string[] {
    const inside = script
      .replaceAll(/(?<![\w.@])\/(?=(?:bin|etc|home|lib|opt|proc|root|run|sbin|sys|tmp|usr|var)\b)/g, '@')
      .replaceAll(/^PATH=.*$/gm, () => `PATH=${this.#bin}`);
    // An argument of a megabyte is more than the kernel takes.
    writeFileSync(this.#script, `PATH=${this.#bin}; exec 3</dev/null\n${inside}`);
    const { error, status, signal } = spawnSync(shell, [this.#script], {
      cwd: this.root,
      env: {},
      stdio: 'ignore',
      timeout: 20_000,
    });
    expect(error ?? signal ?? status).toSatisfy((end) => typeof end === 'number' && end !== 2);
    const found = readdirSync(this.root, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith(MARK),
    );
    for (const path of found) rmSync(join(this.root, path));
    return found;
  }

  close(): void {
    for (const path of [this.root, this.#script]) rmSync(path, { recursive: true, force: true });
  }
}

/** All steps that would run on a host, and what it says it has left over. */
async function stepsOn(
  { cluster }: OpenExample,
  seen: ReadonlyMap<string, Observed>,
  host: string,
): Promise<Step[]> {
  const stages = cluster.desire(seen);
  const own = seen.get(host)!;
  const steps: Step[] = judge(stages, host, own).plan.orphans.map((path) => ({ op: 'prune', path }));
  for (const stage of stages) {
    if (!stage.hosts.has(host)) continue;
    for (const resource of stage.resources(host)) {
      // Artifacts would be brought from the network; there is nothing of the host in them.
      if (/^(file:(\/usr\/local|\/opt\/cni)\/bin\/|user-certificate:)/.test(resource.id)) continue;
      try {
        const change = resource.diff(own, new Map());
        if (change.kind !== 'none') steps.push(...(await resource.steps(change, own)));
      } catch (error) {
        if (!(error instanceof BootstrapError)) throw error;
      }
    }
  }
  return steps;
}

it('sees a value that is not quoted', () => {
  const recorder = new Recorder();
  for (const { path } of shells) expect(recorder.run(`echo ${HOSTILE}`, path)).toEqual([MARK]);
  recorder.close();
});

describe.each(examples)('hosts of $name that lie', (example) => {
  let open: OpenExample;
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = new Recorder();
    open = await openExample(example);
  });
  afterAll(async () => {
    recorder.close();
    await open.close();
  });

  // A megabyte in every answer takes seconds a host; this example has all phases.
  const long = example.name === 'nfs';
  it.each(Object.entries(shapes).filter(([shape]) => long || shape !== 'a megabyte'))(
    'run nothing that they answer as %s',
    { timeout: 120_000 },
    async (_, value) => {
      const seen = everyHost(open.cluster, (name) => hostile(value, example.family, name));
      const scripts = new Set<string>();
      for (const host of seen.keys()) {
        const steps = await stepsOn(open, seen, host);
        expect(steps.length).toBeGreaterThan(9);
        for (const step of steps) {
          scripts.add(compile([{ id: '0', step }], { nonce: 'n', phase: 'p', lock: 'l' }).script);
        }
        const watches = judge(open.cluster.desire(seen), host, seen.get(host)!).open;
        scripts.add(probeScript([...watches, ...open.cluster.watches(host)], 'n', '192.0.2.11'));
      }
      const holding = [...scripts].filter((script) => script.includes(MARK));
      for (const script of holding) {
        for (const { path } of shells) expect(recorder.run(script, path), script).toEqual([]);
      }
      expect(existsSync(join(recorder.root, MARK))).toBe(false);
    },
  );
});
