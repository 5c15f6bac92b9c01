import type { ServerCheck } from '../../../answers/nfs.ts';
import type { StepResult } from '../causes.ts';
import type { Answers, Problem } from './check-report.ts';
import { unitsOf } from './check-script.ts';
import { isListed, readEtab } from '../etab.ts';
import { type Evidence, found, problem } from './evidence.ts';

/** RPC program numbers: https://www.iana.org/assignments/rpc-program-numbers */
const PROGRAMS = { nfs: '100003', mountd: '100005' } as const;

/** What a server says of itself. What follows from something worse is not told as well. */
export function judgeServer(
  { host, serves, steps }: Answers,
  { nfs }: Evidence,
): { readonly check: ServerCheck; readonly problems: readonly Problem[] } {
  const [first] = serves;
  const server = first?.server ?? { id: 0, host: host.name, address: host.ip };
  const step = (name: string): StepResult | undefined => steps.get(`self.${name}`);
  const bad = (name: string): StepResult | undefined => {
    const result = step(name);
    return result && result.code !== 0 ? result : undefined;
  };
  const at = { host: host.name, server };
  const problems: Problem[] = [];
  const ports = { rpcbind: 111, mountd: nfs.ports.mountd, nfs: 2049 };
  for (const [name, port] of Object.entries(ports)) {
    const failed = bad(`dial-${name}`);
    // mountd dies with rpcbind and nfsd; it is told of only when they are well.
    if (failed && !(name === 'mountd' && (bad('dial-rpcbind') ?? bad('dial-nfs')))) {
      problems.push(problem(`dial-${name}`, failed, at, { port: String(port) }));
    }
  }

  const services = readStates(unitsOf(nfs.protocol), step('services')?.said ?? '');
  const down = Object.entries(services).filter(([, state]) => state !== 'active');
  if (down.length > 0 && problems.length === 0) {
    const words = { services: down.map(([unit, state]) => `${unit} (${state})`).join(', ') };
    problems.push(problem('services', found, at, words));
  }

  const registered = step('registered') ? readRegistered(step('registered')) : null;
  if (problems.length === 0 && registered !== null) {
    const failed = bad('registered');
    if (failed) problems.push(problem('registered', failed, at));
    else if (registered.length < Object.keys(PROGRAMS).length) {
      problems.push(problem('list', { code: 1, said: 'RPC: Program not registered' }, at));
    } else if (bad('list')) problems.push(problem('list', bad('list') ?? found, at));
  }

  const table = new Set(readEtab(step('table')?.said ?? '').map(({ path }) => path));
  const listing = step('list');
  const isOut = (path: string): boolean =>
    table.has(path) && (listing?.code !== 0 || isListed(listing.said, path));
  const paths = serves.map(({ entry }) => entry.path);
  const missing = paths.filter((path) => !isOut(path));
  if (!bad('dial-nfs')) {
    for (const path of missing) problems.push(problem('exported', found, { ...at, path }));
  }
  for (const { id, entry } of serves) {
    const failed = steps.get(`e${id}.folder`);
    if (failed && failed.code !== 0) problems.push(problem('folder', failed, { ...at, path: entry.path }));
  }
  return {
    check: { server: host.name, services, registered, exported: paths.filter(isOut), missing },
    problems,
  };
}

/** `systemctl is-active A B` prints a state a line. */
function readStates(units: readonly string[], said: string): Record<string, string> {
  const lines = said.trim().split('\n');
  return Object.fromEntries(units.map((unit, index) => [unit, lines[index] ?? 'unknown']));
}

/** `rpcinfo -p`: program, version, protocol, port and name in each line. */
function readRegistered(result: StepResult | undefined): string[] {
  const numbers = new Set((result?.said ?? '').split('\n').map((line) => line.trim().split(/\s+/)[0]));
  return Object.entries(PROGRAMS).flatMap(([name, number]) => (numbers.has(number) ? [name] : []));
}
