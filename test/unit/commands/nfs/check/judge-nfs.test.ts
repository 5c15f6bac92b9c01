import { readFileSync } from 'node:fs';
import { load as yaml } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { StepResult } from '../../../../../src/commands/nfs/causes.ts';
import { type Answers, type CheckReport, told } from '../../../../../src/commands/nfs/check/check-report.ts';
import { checkText } from '../../../../../src/commands/nfs/check/check-text.ts';
import { judgeNfs } from '../../../../../src/commands/nfs/check/judge-nfs.ts';
import { nfsOf, nodesOf, targetsOf } from '../../../../../src/commands/nfs/targets.ts';
import { load } from '../../../inventory/load-text.ts';

type Said = string | [number, string] | null;
type Steps = Readonly<Record<string, Said>>;

interface Case {
  readonly name: string;
  readonly nfs: object;
  readonly lost?: readonly string[];
  readonly n1?: Steps;
  readonly m1?: Steps;
  readonly w1?: Steps;
  /** Of m1 and w1 alike. */
  readonly nodes?: Steps;
  readonly results: Readonly<Record<string, string>>;
  readonly problems?: readonly string[];
}

const cases = yaml(
  readFileSync(new URL('../../../../cases/nfs/checks.yaml', import.meta.url), 'utf8'),
) as readonly Case[];

const NONCE = 'abc';

/** Everything as it should be, with what a case says put over it; `e0: null` takes all steps of `e0` away. */
function steps(well: Steps, ...layers: readonly (Steps | undefined)[]): Map<string, StepResult> {
  const all = new Map<string, Said>(Object.entries(well));
  for (const layer of layers) {
    for (const [name, said] of Object.entries(layer ?? {})) {
      if (said === null)
        for (const key of [...all.keys()]) if (key === name || key.startsWith(`${name}.`)) all.delete(key);
      if (said !== null) all.set(name, said);
    }
  }
  const result = (said: Said): StepResult => {
    const [code, text] = Array.isArray(said) ? said : [0, said ?? ''];
    return { code, said: text, ms: 5 };
  };
  return new Map([...all].map(([name, said]) => [name, result(said)]));
}

async function judged(one: Case): Promise<CheckReport> {
  const { inventory } = await load(
    `name: x\nhosts: [{ name: m1, address: 192.0.2.1, roles: [master, etcd] }, { name: w1, address: 192.0.2.2, roles: [worker] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]\nnfs: ${JSON.stringify(one.nfs)}\n`.replace(
      /, \{ name: n1.*?\}/,
      (n1) => ('server' in one.nfs ? '' : n1),
    ),
  );
  const nfs = nfsOf(inventory);
  const targets = targetsOf(inventory);
  const helpers = nfs.protocol === 'all';
  const paths = targets.map(({ entry }) => entry.path);
  const listing = `Export list for x:\n${paths.map((path) => `${path} *\n`).join('')}`;
  const server: Steps = {
    ...(helpers && {
      'self.dial-rpcbind': '',
      'self.dial-mountd': '',
      'self.registered': '100003 4 tcp 2049 nfs\n 100005 3 tcp 20048 mountd\n',
      'self.list': listing,
    }),
    'self.dial-nfs': '',
    'self.services': helpers ? 'active\nactive\n' : 'active\n',
    'self.table': paths.map((path) => `${path}\t192.0.2.0/24(rw)\n`).join(''),
    ...Object.fromEntries(targets.map(({ id }) => [`e${id}.folder`, ''])),
  };
  const node: Steps = {
    existing: '',
    tools: '/sbin/mount.nfs',
    ...(helpers && { 's0.dial-rpcbind': '', 's0.dial-mountd': '', 's0.list': listing }),
    's0.dial-nfs': '',
    ...Object.fromEntries(
      targets.flatMap(({ id }) =>
        Object.entries({
          mount: '',
          options: 'rw,vers=4.2,soft',
          write: '',
          owner: '0\n',
          read: NONCE,
          delete: '',
          unmount: '',
        }).map(([name, said]) => [`e${id}.${name}`, said]),
      ),
    ),
  };
  const answers = inventory.hosts
    .filter(({ name }) => !one.lost?.includes(name))
    .map((host): Answers => {
      const base = { host, nonce: NONCE };
      if (host.name === 'n1') return { ...base, serves: targets, mounts: [], steps: steps(server, one.n1) };
      const own = host.name === 'm1' ? one.m1 : one.w1;
      return { ...base, serves: [], mounts: targets, steps: steps(node, one.nodes, own) };
    });
  return judgeNfs({ nfs, nodes: nodesOf(inventory), answers });
}

describe('what is made of a check', () => {
  it.each(cases)('$name', async (one) => {
    const report = await judged(one);
    const results = report.mounts.map(({ node, export: name, result }) => [`${node} ${name}`, result]);
    expect(Object.fromEntries(results)).toEqual(one.results);
    const problems = report.problems.map(({ host, step, cause, path }) =>
      [host, step, cause, ...(path === null ? [] : [path])].join(' '),
    );
    expect(problems.sort()).toEqual([...(one.problems ?? [])].sort());
    for (const { says, remedy } of report.problems.map(told)) expect(says + remedy).not.toMatch(/[{}]/);
  });
});

const named = (name: string): Case => cases.find((one) => one.name === name) ?? fail(name);

function fail(name: string): never {
  throw new Error(`no case ${name}`);
}

describe('the text of a check', () => {
  it('has a line for every export on every node, with times', async () => {
    expect(checkText(await judged(named('all is well')), [], false)).toBe(
      [
        'SERVER  SERVICES  REGISTERED   EXPORTS',
        'n1      active    nfs, mountd  all 1',
        '',
        'NODE  EXPORT       RESULT  VERSION  REACH  LIST  MOUNT  WRITE  READ  DELETE  UNMOUNT',
        'm1    n1:/nfsdata  ok      4.2      5 ms   5 ms  5 ms   5 ms   5 ms  5 ms    5 ms',
        'w1    n1:/nfsdata  ok      4.2      5 ms   5 ms  5 ms   5 ms   5 ms  5 ms    5 ms',
        '',
        'Every export can be used from 2 nodes.',
        '',
      ].join('\n'),
    );
  });

  it('tells what several hosts met alike once, with the remedy', async () => {
    const text = checkText(await judged(named('rpcbind is down; version 4 still mounts')), ['w2'], true);
    expect(text).toContain(
      [
        'n1, m1, w1: rpcbind does not answer: nobody listens on port 111 of n1',
        '    | connect: Connection refused',
        '    k8s-bootstrap nfs setup starts it',
      ].join('\n'),
    );
    expect(text).toMatch(/^n1 {6}rpcbind inactive {2}/m);
    expect(text).toMatch(/\nw2 could not be asked\.\n1 problem\.\n$/);
  });
});
