import type { MountCheck } from '../../../answers/nfs.ts';
import type { StepResult } from '../causes.ts';
import type { Answers, Problem } from './check-report.ts';
import { isListed } from '../etab.ts';
import { type Evidence, found, isExported, problem } from './evidence.ts';
import { pathOn, readExisting } from '../existing.ts';
import { promisedTo } from './promised.ts';
import { type Server, type Target, labelOf } from '../targets.ts';

interface Judged {
  readonly checks: readonly MountCheck[];
  readonly problems: readonly Problem[];
}

/** How a node fares with all that it mounts. */
export function judgeMounts(answers: Answers, evidence: Evidence): Judged {
  const { host, mounts, steps } = answers;
  const servers = [...new Map(mounts.map(({ server }) => [server.id, server])).values()];
  const tools = steps.get('tools');
  const [first] = servers;
  const lacksTools = tools !== undefined && tools.code !== 0 && first !== undefined;
  const judged = mounts.map((target) => judgeMount(target, answers, evidence));
  return {
    checks: judged.flatMap(({ checks }) => checks),
    problems: [
      ...staleMounts(answers, servers),
      ...(lacksTools ? [problem('tools', tools, { host: host.name, server: first })] : []),
      ...servers.flatMap((server) => helperProblems(server, answers, evidence)),
      ...judged.flatMap(({ problems }) => problems),
    ],
  };
}

/** Ports and the list of a server. */
function helperProblems(server: Server, { host, mounts, steps }: Answers, { nfs }: Evidence): Problem[] {
  const at = { host: host.name, server };
  const ports = { rpcbind: 111, mountd: nfs.ports.mountd, nfs: 2049 };
  const dials = Object.entries(ports).flatMap(([name, port]) => {
    const result = steps.get(`s${server.id}.dial-${name}`);
    return result && result.code !== 0 ? [problem(`dial-${name}`, result, at, { port: String(port) })] : [];
  });
  const list = steps.get(`s${server.id}.list`);
  if (!list) return dials;
  if (list.code !== 0) return dials.length > 0 ? dials : [problem('list', list, at)];
  const hidden = mounts.filter(
    ({ server: one, entry }) => one.id === server.id && !isListed(list.said, entry.path),
  );
  return [...dials, ...hidden.map(({ entry }) => problem('exported', list, { ...at, path: entry.path }))];
}

function judgeMount(target: Target, answers: Answers, evidence: Evidence): Judged {
  const { host, steps } = answers;
  const { id } = target;
  const options = steps.get(`e${id}.options`)?.said ?? '';
  const mount = steps.get(`e${id}.mount`);
  const { result, problems } = !mount
    ? { result: 'skipped' as const, problems: [] }
    : mount.code === 0
      ? judgeInside(target, answers)
      : judgeRefused(target, mount, answers, evidence);
  const check: MountCheck = {
    node: host.name,
    export: labelOf(target),
    result,
    version: /(?:^|,)vers=([\d.]+)/.exec(options)?.[1] ?? null,
    milliseconds: times(target, steps),
  };
  return { checks: [check], problems };
}

interface Verdict {
  readonly result: MountCheck['result'];
  readonly problems: readonly Problem[];
}

/** A mount that failed; what that means depends on what the inventory wants and what the server exports. */
function judgeRefused(
  target: Target,
  mount: StepResult,
  { host, steps }: Answers,
  evidence: Evidence,
): Verdict {
  const { server, entry } = target;
  const at = { host: host.name, server, path: entry.path };
  const given = problem('mount', mount, at);
  const failed = (...problems: readonly Problem[]): Verdict => ({ result: 'failed', problems });
  if (!['access-denied', 'no-such-path'].includes(given.cause)) return failed(given);
  if (promisedTo(entry, host.ip).access === 'none' && mayBeKeptOut(target, evidence)) {
    return { result: 'kept out', problems: [] };
  }
  switch (isExported(evidence, server, entry.path)) {
    case true: // NFSv4 answers "no such file" to a host that may not see the export
      return failed({
        ...problem('mount', { ...mount, said: 'access denied by server' }, at),
        said: mount.said,
      });
    case false: // told already, where there is a list
      return failed(...(steps.get(`s${server.id}.list`)?.code === 0 ? [] : [problem('exported', mount, at)]));
    case undefined:
      return failed(given);
  }
}

/** What happened while it was mounted, and whether the inventory wants just that. */
function judgeInside({ id, server, entry }: Target, { host, steps, nonce }: Answers): Verdict {
  const at = { host: host.name, server, path: entry.path };
  const step = (name: string): StepResult | undefined => steps.get(`e${id}.${name}`);
  const promised = promisedTo(entry, host.ip);
  // Of several steps that failed the first tells why.
  const names = ['write', 'owner', 'read', 'delete', 'unmount'];
  const bad = names.flatMap((name) => {
    const result = step(name);
    const differs = name === 'read' && result?.code === 0 && result.said !== nonce;
    return result && (result.code !== 0 || differs) ? [problem(name, result, at)] : [];
  });
  const [first] = bad;
  if (first?.cause === 'read-only' && promised.access === 'ro') {
    const left = bad.filter(({ step: name }) => name === 'unmount');
    return { result: left.length === 0 ? 'read-only' : 'failed', problems: left };
  }
  if (first) return { result: 'failed', problems: [first] };
  const isRoot = step('owner')?.said.trim() === '0';
  const more =
    promised.access === 'none'
      ? 'it can mount it'
      : promised.access === 'ro'
        ? 'it can write to it'
        : promised.root === false && isRoot
          ? 'its root is root there'
          : undefined;
  const off = [
    ...(more === undefined ? [] : [problem('open', found, at, { more })]),
    ...(promised.root === true && !isRoot ? [problem('squashed', found, at)] : []),
  ];
  return { result: off.length === 0 ? 'ok' : 'failed', problems: off };
}

function times({ id, server }: Target, steps: Answers['steps']): Record<string, number> {
  const named: readonly (readonly [string, string])[] = [
    ['reach', `s${server.id}.dial-nfs`],
    ['list', `s${server.id}.list`],
    ...['mount', 'write', 'read', 'delete', 'unmount'].map((name) => [name, `e${id}.${name}`] as const),
  ];
  return Object.fromEntries(
    named.flatMap(([name, step]) => {
      const result = steps.get(step);
      return result ? [[name, result.ms]] : [];
    }),
  );
}

/** An export may be for some of the nodes; one for none of them is a mistake, and volumes are needed anywhere. */
function mayBeKeptOut({ entry, server }: Target, { nfs, nodes }: Evidence): boolean {
  const { provisioner } = nfs;
  const isForPods = provisioner?.export === entry.path && provisioner.server === server.address;
  return !isForPods && nodes.some(({ ip }) => promisedTo(entry, ip).access !== 'none');
}

/** What is mounted already and cannot be used any more: pods that have it hang or fail. */
function staleMounts({ host, steps }: Answers, servers: readonly Server[]): Problem[] {
  return readExisting(steps.get('existing')?.said ?? '').flatMap(({ from, at, state, said }) => {
    const server = servers.find((one) => pathOn(one, from) !== undefined);
    if (!server || state === 'ok') return [];
    const place = { host: host.name, server, path: `${from} at ${at}` };
    return [problem('existing', { code: state === 'hangs' ? 137 : 1, said }, place)];
  });
}
