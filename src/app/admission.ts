import { BootstrapError } from '../kernel/errors.ts';
import { type Finding, preflight } from '../phases/preflight.ts';
import type { Observed } from '../resources/observe.ts';
import type { Emit } from '../run/events.ts';
import type { Cluster } from './cluster.ts';

/**
 * Judges the hosts by what was seen, before anything is touched.
 * @throws E_STATE_MISSING, E_FOREIGN_HOST, E_PREFLIGHT
 */
export function admit(
  cluster: Cluster,
  seen: ReadonlyMap<string, Observed>,
  options: { readonly emit: Emit; readonly ignorePreflight: readonly string[] },
): void {
  const world = cluster.world(seen);
  const findings = preflight(world);
  for (const { host, id, level, message, hint } of findings) {
    options.emit({ type: 'preflight', host, check: id, level, message, ...(hint === undefined ? {} : { hint }) });
  }
  const stopping = findings.filter(({ id, level }) => level === 'error' && !options.ignorePreflight.includes(id));
  if (stopping.length > 0) throw refusal(stopping);
}

function refusal(findings: readonly Finding[]): BootstrapError {
  const lines = findings.map(({ host, id, message, hint }) => `${host}: ${message} [${id}]${hint === undefined ? '' : `\n    ${hint}`}`);
  return new BootstrapError('E_PREFLIGHT', `the hosts are not fit for this:\n${lines.join('\n')}`, {
    hint: `Nothing was changed. Repair it, or go on at your own risk with ${[...new Set(findings.map(({ id }) => `--ignore-preflight ${id}`))].join(' ')}.`,
  });
}
