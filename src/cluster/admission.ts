import { inTurns } from '../kernel/breather.ts';
import { INVENTORY_FIRST, isInventory } from './misplaced.ts';
import { didYouMean } from '../inventory/suggest.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { type Finding, checking, checks, neverIgnored } from '../preflight/preflight.ts';
import type { Observed } from '../probe/observe.ts';
import type { Goal } from '../run/converge.ts';
import type { Emit } from '../run/events.ts';
import type { Cluster } from './open.ts';
import { ETCD_CHECK } from './etcd-reach.ts';
import { REACH_CHECK } from './reach.ts';

/** Findings whose error has a code of its own: going on would destroy something. */
const CODES: Readonly<Record<string, string>> = {
  'foreign-host': 'E_FOREIGN_HOST',
  'state-missing': 'E_STATE_MISSING',
  'state-other': 'E_STATE_OTHER',
  manifest: 'E_MANIFEST',
  'etcd-data': 'E_ETCD_DATA_LOST',
  'revoked-users': 'E_USER_REVOKED',
  'outdated-users': 'E_USER_OUTDATED',
};

/**
 * Judges the hosts by what was seen, before anything is touched; each finding is told once in a run.
 * The function it returns rejects with the code of one of those, or E_PREFLIGHT.
 */
export function admission(
  cluster: Cluster,
  options: {
    readonly emit: Emit;
    readonly ignorePreflight: readonly string[];
    readonly mends?: readonly string[];
    readonly limit?: readonly string[];
  },
): Goal['admit'] {
  const told = new Set<string>();
  return async (seen: ReadonlyMap<string, Observed>, times) => {
    const findings = await inTurns(checking(cluster.world(seen), times));
    for (const { host, id, level, message, hint } of findings) {
      if (told.has(`${host} ${id} ${message}`)) continue;
      told.add(`${host} ${id} ${message}`);
      options.emit({
        type: 'preflight',
        host,
        check: id,
        level,
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    }
    const { mends = [] } = options;
    const ignored = [...options.ignorePreflight.filter((id) => !neverIgnored.includes(id)), ...mends];
    // What is amiss on a host that is left as it is stops nothing, unless nothing may be done beside it.
    const counts = (host: string, id: string): boolean =>
      (options.limit?.includes(host) ?? true) || neverIgnored.includes(id);
    const stopping = findings.filter(
      ({ host, id, level }) => level === 'error' && !ignored.includes(id) && counts(host, id),
    );
    if (stopping.length > 0) throw refusal(stopping);
  };
}

export const knownChecks = (): readonly string[] => [...checks.map(({ id }) => id), REACH_CHECK, ETCD_CHECK];

/** @throws E_CHECK for an id that no check has, exit code 2 */
export function refuseUnknownChecks(ids: readonly string[]): void {
  const known = knownChecks();
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new BootstrapError(
    'E_CHECK',
    `there is no preflight check "${unknown}"${didYouMean(unknown, known)}`,
    {
      hint: isInventory(unknown)
        ? INVENTORY_FIRST
        : `Checks are ${known.filter((id) => !neverIgnored.includes(id)).join(', ')}.`,
      exitCode: ExitCode.usage,
    },
  );
}

function refusal(findings: readonly Finding[]): BootstrapError {
  const lines = findings.map(
    ({ host, id, message, hint }) =>
      `${host}: ${message} [${id}]${hint === undefined ? '' : `\n    ${hint}`}`,
  );
  const final = findings.find(({ id }) => neverIgnored.includes(id));
  const ids = [...new Set(findings.map(({ id }) => id))];
  return new BootstrapError(
    CODES[final?.id ?? ''] ?? 'E_PREFLIGHT',
    `the hosts are not fit for this:\n${lines.join('\n')}`,
    {
      hint: final
        ? 'Nothing was changed.'
        : `Nothing was changed. Repair it, or go on at your own risk with ${ids.map((id) => `--ignore-preflight ${id}`).join(' ')}.`,
    },
  );
}
