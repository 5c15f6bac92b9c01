import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load as yaml } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { StepResult } from '../../../../../src/commands/nfs/causes.ts';
import { commonImage, removeEmpty } from '../../../../../src/commands/nfs/claim/claim.ts';
import {
  type ClaimSpec,
  claimObjects,
  nextOf,
  podName,
  podObjects,
} from '../../../../../src/commands/nfs/claim/claim-objects.ts';
import { judgeClaim } from '../../../../../src/commands/nfs/claim/claim-report.ts';
import { claimScript, goneScript, lookScript } from '../../../../../src/commands/nfs/claim/claim-script.ts';
import { readFrames } from '../../../../../src/commands/nfs/frames.ts';
import { anyObject, misshapen } from '../../../../support/hostile.ts';
import { PRIVATE_TMP } from '../../../../support/private-tmp.ts';
import { shells } from '../../../../support/shells.ts';
import { type NfsHost, nfsHost } from '../nfs-host.ts';

const spec: ClaimSpec = {
  namespace: 'nfs-check-x',
  provisioner: {
    kind: 'nfs-client',
    image: 'x',
    namespace: 'kube-system',
    name: 'nfs-client-provisioner',
    server: '192.0.2.9',
    export: '/nfsdata',
    provisionerName: 'k8s-bootstrap/nfs',
    storageClass: {
      name: 'nfs-client',
      default: false,
      reclaimPolicy: 'Delete',
      archiveOnDelete: true,
      mountOptions: [],
    },
  },
  image: 'busybox:1.31',
  nodes: ['m1', 'w1'],
  word: 'word',
};

interface Case {
  readonly name: string;
  readonly steps: Readonly<Record<string, string | readonly [number, string]>>;
  readonly items?: readonly object[];
  readonly provisioner?: readonly object[];
  readonly unready?: readonly string[];
  readonly pods?: readonly string[];
  readonly problems?: readonly string[];
  readonly causes?: readonly string[];
  readonly said?: readonly string[];
}

const cases = yaml(
  readFileSync(new URL('../../../../cases/nfs/claims.yaml', import.meta.url), 'utf8'),
) as readonly Case[];

it('JSON of any other form is nothing of a claim', () => {
  for (const other of misshapen(anyObject(podName(spec.nodes, 'm1')))) {
    const said = (value: unknown): StepResult => ({ code: 0, ms: 1, said: JSON.stringify(value) });
    const steps = { bound: said(''), facts: said(other), volume: said(other), provisioner: said(other) };
    expect(judgeClaim(new Map(Object.entries(steps)), spec, []).pods).toHaveLength(2);
    expect(
      judgeClaim(
        new Map([
          ['facts', said(other)],
          ['provisioner', said(other)],
        ]),
        spec,
        [],
      ).pods,
    ).toEqual([]);
  }
});

describe('what is made of a claim', () => {
  it.each(cases)(
    '$name',
    ({ steps, items = [], provisioner = [], unready = [], pods = [], problems = [], causes, said }) => {
      const all = {
        ...steps,
        facts: JSON.stringify({ items }),
        provisioner: JSON.stringify({ items: provisioner }),
      };
      const frames = Object.entries(all).map(([name, words]): [string, StepResult] => {
        const [code, text] = typeof words === 'string' ? [0, words] : words;
        return [name, { code, said: text, ms: 2100 }];
      });
      const report = judgeClaim(new Map(frames), spec, unready);
      expect(report.pods.map((pod) => `${pod.node} ${pod.reads} ${pod.result} ${pod.seconds}`)).toEqual(pods);
      expect(report.problems.map(({ where, cause }) => `${where} ${cause}`)).toEqual(problems);
      const sentences = report.causes.map(({ hosts, says }) => `${hosts.join(', ')}: ${says}`);
      if (causes) expect(sentences).toEqual(causes);
      expect(JSON.stringify(report.causes)).not.toMatch(/\{\w+\}|undefined/);
      if (said) expect(report.problems.flatMap((one) => one.said.split('\n'))).toEqual(said);
      if (problems.length === 0) {
        expect(report).toMatchObject({
          bound: 2100,
          volume: 'pvc-1',
          folder: '192.0.2.9:/nfsdata/nfs-check-x-claim-pvc-1',
        });
      }
    },
  );
});

describe('the pods of a claim', () => {
  it('read in a ring, so that each file has one reader; a single node reads its own', () => {
    expect(['a', 'b', 'c'].map((node) => nextOf(['a', 'b', 'c'], node))).toEqual(['b', 'c', 'a']);
    expect(nextOf(['a'], 'a')).toBe('a');
  });

  it('take a busybox that every node has', () => {
    expect(commonImage([['r/pause:3.1', 'r/busybox:1.31', 'busybox:1.30'], ['r/busybox:1.31']])).toBe(
      'r/busybox:1.31',
    );
    expect(commonImage([['busybox@sha256:1'], ['busybox@sha256:1']])).toBe('busybox:1.31');
    expect(commonImage([])).toBe('busybox:1.31');
  });
});

/** An API that binds the claim, and whose pods succeed at once; `delete` counts. */
const API = `echo "$*" >> "$ROOT/calls"
shift 2
case "$*" in
  'create -f '*) cat "$3" >> "$ROOT/made"; exit 0 ;;
  'apply -f '*) cat "$3" >> "$ROOT/made"; exit 0 ;;
  *'get pvc claim -o jsonpath'*) printf '%s' "$(cat "$ROOT/says/pvc")"; exit 0 ;;
  'get pv pvc-1 -o jsonpath'*) printf Delete; exit 0 ;;
  'get pv pvc-1 -o json') echo '{"metadata":{"name":"pvc-1"}}'; exit 0 ;;
  'get pv pvc-1 --ignore-not-found -o name') exit 0 ;;
  'get pv pvc-1') exit 1 ;;
  *'get pods -o jsonpath'*) printf 'Succeeded Succeeded'; exit 0 ;;
  *'get pvc,pods,events -o json') echo '{"items":[]}'; exit 0 ;;
  *'get events -o json') echo '{"items":[]}'; exit 0 ;;
  'delete namespace nfs-check-x --ignore-not-found --timeout='*) exit 0 ;;
esac
violate "$@"
`;

const payload = [claimObjects(spec), podObjects(spec)].map((one) => JSON.stringify(one));
const script = claimScript({
  nonce: 'abc',
  namespace: spec.namespace,
  provisioner: spec.provisioner,
  sizes: [Buffer.byteLength(payload[0] ?? ''), Buffer.byteLength(payload[1] ?? '')],
});

function api(host: NfsHost, pvc: string): void {
  host.write('says/kubectl', API);
  host.write('says/pvc', pvc);
}

describe.each(shells)('the script of a claim, in $name', (shell) => {
  it('makes, waits, uses, and deletes', async () => {
    const host = nfsHost(shell);
    api(host, 'Bound pvc-1');
    const steps = readFrames('abc', await host.run(script, { payload: Buffer.from(payload.join('')) }));
    const codes = [...steps].filter(([name]) => name !== 'tick').map(([name, { code }]) => `${name} ${code}`);
    expect(codes).toEqual([
      'create 0',
      'bound 0',
      'volume 0',
      'pods 0',
      'ended 0',
      'facts 0',
      'provisioner 0',
      'deleted 0',
      'volume-left 0',
    ]);
    expect(host.read('made')).toBe(payload.join(''));
    expect(host.left()).toEqual([]);
  });

  it('gives up a claim that stays pending, tells the events, and deletes', async () => {
    const host = nfsHost(shell);
    api(host, 'Pending');
    const impatient = script.replace('-gt 60000', '-gt 0');
    const steps = readFrames('abc', await host.run(impatient, { payload: Buffer.from(payload.join('')) }));
    expect(steps.get('bound')?.code).toBe(1);
    expect(steps.has('pods')).toBe(false);
    expect(host.read('calls')).toMatch(/delete namespace nfs-check-x .*\n$/);
    expect(host.left()).toEqual([]);
  });

  it('deletes when nobody listens any more', async () => {
    const host = nfsHost(shell);
    api(host, 'Pending');
    await host.cut(script.replaceAll('<&3', '</dev/null'));
    expect(host.read('calls')).toMatch(/delete namespace nfs-check-x .*\n$/);
    expect(host.read('calls').split('\n').length).toBeLessThan(6);
    expect(host.left()).toEqual([]);
  });
});

describe('scripts of claims', () => {
  const forbidden = yaml(
    readFileSync(new URL('../../../../cases/centos7-forbidden.yaml', import.meta.url), 'utf8'),
  ) as { readonly commands: readonly { readonly pattern: string }[] };

  it.each([script, lookScript('n', 'nfs-client'), goneScript('nfs-check-x')])(
    'have only what CentOS 7 and POSIX sh have',
    (text) => {
      expect(forbidden.commands.filter(({ pattern }) => new RegExp(pattern, 'm').test(text))).toEqual([]);
    },
  );
});

describe.each(shells)('folders that a check leaves, in $name', (shell) => {
  it('go when they are empty, and not by way of a link', async () => {
    const host = nfsHost(shell);
    const at = (name: string): string => join(realpathSync(host.root), name);
    for (const name of ['data/empty', 'data/full', 'victim/empty']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('data/full/file'), '');
    symlinkSync(at('victim'), at('data/link'));
    const names = ['data/empty', 'data/full', 'data/link/empty', 'data/none', 'none/none'];
    const left = (await host.run(PRIVATE_TMP + removeEmpty(names.map(at)))).toString('utf8');
    expect(left.split('\n')).toEqual([at('data/full'), at('data/link/empty'), '']);
    expect(existsSync(at('data/empty'))).toBe(false);
    expect(existsSync(at('victim/empty'))).toBe(true);
  });
});
