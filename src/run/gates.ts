import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { inTurns } from '../kernel/breather.ts';
import { oncePer } from '../kernel/once-per.ts';
import { quotable } from '../kernel/quotable.ts';
import { quote } from '../kernel/quote.ts';
import { type Gate, type Stage, gateQuestions } from '../plan/stage.ts';
import { type Observed, type Watch, isAnswered } from '../probe/observe.ts';
import { journalOf } from './diagnose.ts';
import { type Fleet, type Member, alive, onEach, probe } from './fleet.ts';

/** Whether a gate holds by what was last seen; what is missing, if not. */
export function standing(fleet: Fleet, gate: Gate): string | undefined {
  const seen = fleet.members.get(gate.at)?.seen;
  return seen ? missingIn(gate, seen) : `${gate.at} was not reached`;
}

/**
 * Asks what gates look at and nobody has asked yet: which master tells of the cluster is known only when all have
 * answered.
 */
export async function askGates(fleet: Fleet, stages: readonly Stage[]): Promise<void> {
  const open = await inTurns(
    gateQuestions(stages, (at, _host, watch) => {
      const seen = fleet.members.get(at)?.seen;
      return seen !== undefined && !isAnswered(seen, watch);
    }),
  );
  const members = alive(fleet).filter(({ name }) => open.has(name));
  await onEach(fleet, members, undefined, async (member) => {
    await probe(fleet, member, open.get(member.name) ?? []);
  });
}

/** What a gate misses is often in the words of a host. */
function missingIn(gate: Gate, seen: Observed): string | undefined {
  const missing = gate.judge(seen);
  return missing === undefined ? undefined : quotable(missing);
}

/** So many times a unit may end and be started again while its gate waits: more of it would change nothing. */
const RESTARTS = 3;

/**
 * Waits until a gate holds, looking again and again at what it watches and at when its units were started.
 * Nothing is half done while it waits, so the first interrupt ends it.
 * @throws E_GATE with what was missing to the end, and the journal of the units behind it; as `stop` says
 */
export async function pass(
  fleet: Fleet,
  member: Member,
  phase: string,
  gate: Gate,
  stop: AbortSignal,
): Promise<void> {
  const at = fleet.members.get(gate.at);
  const started = performance.now();
  const starts = new Map(gate.at === member.name ? gate.units.map((unit) => [unit, new Set<string>()]) : []);
  const watches = [...gate.watches, ...[...starts.keys()].map(startOf)];
  let told: string | undefined;
  for (let attempt = 0; ; attempt += 1) {
    // What has left the run does not come back in it.
    if (!at || at.failed) throw await notPassed(fleet, member, gate, `${gate.at} is not reached`);
    const seen = await lookAt(fleet, at, watches);
    const missing = missingIn(gate, seen);
    const elapsed = performance.now() - started;
    if (missing === undefined) {
      const milliseconds = Math.round(elapsed);
      fleet.emit({ type: 'gate.passed', phase, host: member.name, title: gate.title, milliseconds });
      return;
    }
    for (const [unit, times] of starts) {
      const said = seen.answer(startOf(unit).key)?.output ?? '';
      const [, time] = /^ExecMainStartTimestampMonotonic=([1-9]\d*)$/m.exec(said) ?? [];
      const restarts = time === undefined ? 0 : times.add(time).size - 1;
      if (restarts < RESTARTS && !/^ActiveState=failed$/m.test(said)) continue;
      const why =
        restarts < RESTARTS ? 'failed' : `ended ${RESTARTS} times in ${Math.ceil(elapsed / 1000)} s`;
      throw await notPassed(fleet, member, gate, `${missing}; ${unit} has ${why}`);
    }
    if (elapsed > gate.timeoutSeconds * 1000) {
      throw await notPassed(fleet, member, gate, `${missing} after ${gate.timeoutSeconds} s`);
    }
    // A time or a count in it changes with every look, and says nothing new.
    const gist = missing.replaceAll(/\d+/g, '');
    if (gist !== told) {
      told = gist;
      fleet.emit({ type: 'gate.waiting', phase, host: member.name, waitingFor: `${gate.title}: ${missing}` });
    }
    const signal = AbortSignal.any([fleet.kill, stop]);
    await sleep(Math.min(200 * 1.5 ** attempt, 2000), undefined, { signal }).catch(() => {
      if (stop.reason instanceof BootstrapError) throw stop.reason;
      throw new BootstrapError('E_ABORTED', `stopped while waiting: ${gate.title}`, {
        exitCode: ExitCode.interrupted,
      });
    });
  }
}

/**
 * One look serves all whose gates ask a host the same at that moment: many nodes wait for what one master says of them.
 */
function lookAt(fleet: Fleet, at: Member, watches: readonly Watch[]): Promise<Observed> {
  const key = watches.map((watch) => `${watch.kind}:${watch.key}`).join('\n');
  const running = looks(at);
  const known = running.get(key);
  if (known) return known;
  const look = probe(fleet, at, watches).finally(() => running.delete(key));
  running.set(key, look);
  return look;
}

const looks = oncePer<Member, Map<string, Promise<Observed>>>(() => new Map());

/**
 * Whether a unit was given up, and when its process was started, in microseconds since the host's boot; 0 before the
 * first time.
 */
const startOf = (unit: string): Watch => ({
  kind: 'answer',
  key: `start ${unit}`,
  script: `systemctl show -p ActiveState,ExecMainStartTimestampMonotonic ${quote(unit)}`,
});

const STATUS = 'k8s-bootstrap status shows which component does not answer.';

async function notPassed(fleet: Fleet, member: Member, gate: Gate, why: string): Promise<BootstrapError> {
  const journal = await journalOf(fleet, member, gate.units);
  const known = fleet.knownError(journal);
  return new BootstrapError('E_GATE', `${gate.title}: ${why}${journal ? `\n${journal}` : ''}`, {
    hint:
      known?.hint ??
      (gate.units[0] === undefined
        ? STATUS
        : `None of the known causes shows in it. "k8s-bootstrap logs ${gate.units[0]} ${member.name}" has all that it said.`),
    where: { ...(gate.units[0] !== undefined && { unit: gate.units[0] }) },
  });
}
