import type { Desire, Gate, Stage } from '../../src/plan/stage.ts';
import type { Watch } from '../../src/probe/observe.ts';
import { type Change, type Resource, none } from '../../src/resources/resource.ts';
import { type Goal, converge, look, tellPlan } from '../../src/run/converge.ts';
import type { Emit, RunEvent } from '../../src/run/events.ts';
import { type Fleet, makeFleet } from '../../src/run/fleet.ts';
import { type MemoryHost, connectTo } from './memory-host.ts';
import { watchesOf } from './planning.ts';

/** The smallest stages there can be, and a run of them over hosts in memory. */

const question = (word: string): Watch => ({ kind: 'answer', key: word, script: `get ${word}` });

/** A word that should have a value. */
export const cell = (word: string, value: string): Resource => ({
  id: `cell:${word}`,
  title: word,
  watches: [question(word)],
  diff: (seen): Change => {
    const now = seen.answer(word)?.output ?? '';
    return now === value ? none('as wanted') : { kind: 'update', summary: `${now} → ${value}` };
  },
  steps: () => [{ op: 'run', title: `set ${word}`, script: `set ${word} ${value}` }],
});

/** A step that cannot succeed. */
export const broken = (word: string, message: string): Resource => ({
  ...cell(word, 'never'),
  steps: () => [{ op: 'run', title: `break ${word}`, script: `fail 7 ${message}` }],
});

/** Not known before another word is there, which may come by itself. */
export const dependent = (word: string, value: string, on: string, byItself = false): Resource => ({
  ...cell(word, value),
  watches: [question(word), question(on)],
  diff: (seen, upstream) =>
    seen.answer(on)?.code === 0
      ? cell(word, value).diff(seen, upstream)
      : { kind: 'unknown', summary: 'not known yet', waitsFor: on, ...(byItself && { byItself }) },
});

/** Holds when a word on a host is `yes`. */
export const gate = (host: string, word = 'healthy', timeoutSeconds = 0.3): Gate => ({
  title: `${host} is ${word}`,
  at: host,
  watches: [question(word)],
  judge: (seen) =>
    seen.answer(word)?.output === 'yes' ? undefined : `${word} is ${seen.answer(word)?.output ?? 'unknown'}`,
  timeoutSeconds,
  units: ['x.service'],
});

export function stage(
  id: string,
  hosts: readonly string[],
  spec: Partial<Omit<Stage, 'id' | 'hosts'>> = {},
): Stage {
  return {
    id,
    title: id,
    hosts: new Set(hosts),
    batch: 'parallel',
    mustStand: () => 0,
    joins: () => false,
    resources: () => [],
    gates: () => [],
    ...spec,
  };
}

export interface Play {
  readonly fleet: Fleet;
  readonly goal: Goal;
  readonly events: readonly RunEvent[];
  readonly prepared: () => number;
  /** Looks at all hosts, and tells the plan. */
  readonly tell: () => Promise<void>;
  /** Looks at all hosts, and makes the plan happen. */
  readonly up: () => Promise<void>;
}

export interface PlayOptions extends Partial<Goal> {
  readonly stop?: AbortSignal;
  readonly kill?: AbortSignal;
  readonly concurrency?: number;
  readonly onEvent?: Emit;
  readonly knownError?: Fleet['knownError'];
}

/** A run of stages over hosts in memory; all of them are essential unless said otherwise. */
export function play(
  hosts: readonly MemoryHost[],
  stages: readonly Stage[] | Desire,
  options: PlayOptions = {},
): Play {
  const events: RunEvent[] = [];
  let prepared = 0;
  const desire: Desire = typeof stages === 'function' ? stages : () => stages;
  const byName = new Map(hosts.map((host) => [host.name, host]));
  const fleet = makeFleet(
    hosts.map(({ name }) => name),
    {
      addressOf: () => '192.0.2.1',
      emit: (event) => {
        events.push({ ...event, at: new Date() });
        options.onEvent?.(event);
      },
      connect: (name) => Promise.resolve(connectTo(byName.get(name)!)),
      concurrency: options.concurrency ?? 30,
      kill: options.kill ?? new AbortController().signal,
      knownError: options.knownError ?? (() => undefined),
    },
  );
  const goal: Goal = {
    desire,
    watches: (host) => watchesOf(desire(new Map())).get(host) ?? [],
    essential: () => true,
    admit: () => Promise.resolve(),
    prepare: () => {
      prepared += 1;
      return Promise.resolve();
    },
    complete: true,
    prune: false,
    owner: 'me@here (pid 1)',
    ...options,
  };
  return {
    fleet,
    goal,
    events,
    prepared: () => prepared,
    async tell() {
      await tellPlan(fleet, goal, await look(fleet, goal));
    },
    async up() {
      await converge(fleet, goal, await look(fleet, goal), options.stop ?? new AbortController().signal);
    },
  };
}

/** What was applied on all hosts, in order, as `m1: set a 1`. */
export function journal(hosts: readonly MemoryHost[]): { readonly lines: readonly string[] } {
  const lines: string[] = [];
  for (const host of hosts) {
    const { push } = host.log;
    host.log.push = (...entries: string[]) => {
      lines.push(...entries.map((entry) => `${host.name}: ${entry}`));
      return push.apply(host.log, entries);
    };
  }
  return { lines };
}
