import { readFileSync } from 'node:fs';
import { load as yaml } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { StepResult } from '../../../../../src/commands/nfs/causes.ts';
import { type Answers, type CheckReport, told } from '../../../../../src/commands/nfs/check/check-report.ts';
import { judgeNfs } from '../../../../../src/commands/nfs/check/judge-nfs.ts';
import { nfsOf, nodesOf, targetsOf } from '../../../../../src/commands/nfs/targets.ts';
import { toldOnce } from '../../../../../src/commands/nfs/told-once.ts';
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
  readonly causes?: readonly string[];
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
    const causes = toldOnce(report.problems);
    const sentences = causes.map(({ hosts, paths, says }) =>
      [hosts.join(', '), ...(paths.length === 0 ? [] : [paths.join(', ')]), says].join(': '),
    );
    if (one.causes) expect(sentences).toEqual(one.causes);
    for (const { says, remedy } of [...report.problems.map(told), ...causes]) {
      expect(says + remedy).not.toMatch(/[{}]/);
    }
    // What programs said gets lost nowhere.
    const said = report.problems.map((problem) => problem.said.trim()).filter(Boolean);
    expect(new Set(causes.flatMap((cause) => cause.said))).toEqual(new Set(said));
  });
});
