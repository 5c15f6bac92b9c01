import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Gate } from '../plan/stage.ts';
import { hintFor, journalOf } from './diagnose.ts';
import { type Fleet, type Member, probe } from './fleet.ts';

/** Whether a gate holds by what was last seen; what is missing, if not. */
export function standing(fleet: Fleet, gate: Gate): string | undefined {
  const seen = fleet.members.get(gate.at)?.seen;
  return seen ? gate.judge(seen) : `${gate.at} was not reached`;
}

/**
 * Waits until a gate holds, looking again and again at what it watches and nothing else.
 * @throws E_GATE with what was missing to the end, and the journal of the units behind it
 */
export async function pass(fleet: Fleet, member: Member, phase: string, gate: Gate): Promise<void> {
  const at = fleet.members.get(gate.at);
  const started = performance.now();
  let told: string | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const missing =
      at && !at.failed ? gate.judge(await probe(fleet, at, gate.watches)) : `${gate.at} is not reached`;
    const elapsed = performance.now() - started;
    if (missing === undefined) {
      fleet.emit({ type: 'gate.passed', phase, host: member.name, milliseconds: Math.round(elapsed) });
      return;
    }
    if (elapsed > gate.timeoutSeconds * 1000) throw await timedOut(fleet, member, gate, missing);
    if (missing !== told) {
      told = missing;
      fleet.emit({ type: 'gate.waiting', phase, host: member.name, waitingFor: `${gate.title}: ${missing}` });
    }
    await sleep(Math.min(200 * 1.5 ** attempt, 2000), undefined, { signal: fleet.kill }).catch(() => {
      throw new BootstrapError('E_ABORTED', `stopped while waiting: ${gate.title}`, {
        exitCode: ExitCode.interrupted,
      });
    });
  }
}

async function timedOut(fleet: Fleet, member: Member, gate: Gate, missing: string): Promise<BootstrapError> {
  const journal = await journalOf(fleet, member, gate.units);
  const known = hintFor(journal);
  return new BootstrapError(
    'E_GATE',
    `${gate.title}: ${missing} after ${gate.timeoutSeconds} s${journal ? `\n${journal}` : ''}`,
    {
      hint: known?.hint ?? `Look at journalctl -u ${gate.units[0] ?? 'UNIT'} on ${member.name}.`,
    },
  );
}
