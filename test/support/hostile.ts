import { expect } from 'vitest';
import type { FileState, Observed } from '../../src/probe/observe.ts';
import { MANIFEST } from '../../src/resources/manifest.ts';
import { imaginedHost } from './example-cluster.ts';
import { zoneSettings } from './zone-settings.ts';

/**
 * Whatever a host answers stays text. Each value is one that ends any quoting it may be put into and then makes a file;
 * there is no blank in it, so that parsers which cut at blanks hand it on whole. Scripts that hold it are run.
 */
export const MARK = 'canary';
const MAKES = `:>${MARK}`;
export const HOSTILE = `x$(${MAKES})\`${MAKES}\`';${MAKES};'";${MAKES};"$(${MAKES})\u001b[2J`;
export const MEGABYTE = 1024 ** 2;
const DIGEST = 'a'.repeat(64);

/** Shapes in which a value survives more of the parsers. */
export const hostileTexts: Readonly<Record<string, string>> = {
  'a word': HOSTILE,
  lines: `x\n${MAKES}\n${HOSTILE}`,
  'an option': `--root=${HOSTILE}`,
  'behind a range': `10.244.0.0/24${HOSTILE}`,
  'NUL bytes': `x\0${HOSTILE}\0`,
  'orders to a terminal': `x\u001b]0;t\u0007\u001b[31m\u009b2J\r${HOSTILE}\b`,
  // Much longer than any parser takes a line for: nothing may be slow.
  'a megabyte': `${'x'.repeat(MEGABYTE)}${HOSTILE}`,
};

const KEYS =
  'pretty manager etcHostname machineId cmdline cpus memory swap swapAtBoot swapUnit selinux selinuxAtBoot cgroup cluster.name cluster.ca mark podRoute'.split(
    ' ',
  );

function hostileAnswer(key: string, value: string, name: string): string {
  const lines = [
    'zone ' + value.replaceAll(/\s/g, ''),
    `== active\ndict entry( trusted array [ dict entry( sources array [ ${value} ] ) ] )`,
    `== runtime zone\n${zoneSettings({ ports: [`${value}/tcp`], rules: [value] })}`,
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
export function hostileHost(value: string, family: 'centos' | 'debian', name: string): Observed {
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
  // Made once: of a megabyte it is a dozen.
  const members = { code: 0, output: hostileAnswer('etcd-members', value, name) };
  const others = { code: 0, output: hostileAnswer('', value, name) };
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
      answer: (key) => (key === 'etcd-members' ? members : others),
      object: () => ({ status: 200, body: { items: [item(value), item(name)] } }),
      endpoint: () => ({ status: 200, text: value }),
    },
  });
}

/** What takes a time that grows with the square of a megabyte takes minutes; a machine that has much else to do, seconds. */
export async function quickly<T>(run: () => T): Promise<Awaited<T>> {
  const begun = process.cpuUsage();
  const made = await run();
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1e6, 'seconds of a processor').toBeLessThan(4);
  return made;
}

/** What may stand where something else is meant. */
const WRONG: readonly unknown[] = [null, 7, 'x', [null], { toString: 7 }];

/** All that a value becomes when at one point, however deep, something stands that is not meant there. */
export function* misshapen(value: unknown): Generator {
  yield* WRONG;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    for (const wrong of misshapen(inner)) {
      if (Array.isArray(value)) yield [wrong, ...(value as unknown[])];
      else yield { ...value, [key]: wrong };
    }
  }
}

/**
 * Something that is an object of the API of each kind that is looked at, and a list of it.
 * @param name of a host, as nodes have it
 */
export function anyObject(name: string): object {
  const said = { reason: 'BackOff', message: 'Failed to pull image' };
  const item = {
    kind: 'ClusterRoleBinding',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    metadata: {
      name,
      namespace: 'kube-system',
      generation: 1,
      labels: { 'app.kubernetes.io/managed-by': 'k8s-bootstrap' },
      annotations: { 'k8s-bootstrap/user': 'alice' },
    },
    roleRef: { kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', name: 'alice' }],
    rules: [{ verbs: ['get'] }],
    spec: { podCIDR: '10.244.0.0/24', replicas: 1, taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
    status: {
      conditions: [{ type: 'Ready', status: 'False', ...said }],
      containerStatuses: [
        { ready: false, state: { waiting: said }, lastState: { terminated: { exitCode: 1, ...said } } },
      ],
      readyReplicas: 0,
    },
    involvedObject: { kind: 'Pod', name },
    message: said.message,
    data: Object.fromEntries(
      ['revoked.json', 'admitted.json'].map((key) => [
        key,
        JSON.stringify([{ name: 'alice', at: '2026-01-02T03:04:05Z', rights: '0'.repeat(32) }]),
      ]),
    ),
  };
  return { ...item, kind: 'ClusterRoleBindingList', items: [item] };
}
