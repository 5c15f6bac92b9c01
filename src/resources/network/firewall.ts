import { paths } from '../../kernel/host-paths.ts';
import { sh } from '../../kernel/quote.ts';
import { factsOf, factsWatches } from '../../facts/facts.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { file as fileResource } from '../file.ts';
import { type Change, type Resource, changes, none } from '../resource.ts';
import type { Step } from '../step.ts';
import { type FirewallSpec, type Rule, recordText, recordedRules, rulesOf } from './firewall-rules.ts';
import { firewalldQuestion, readFirewalld } from './firewalld.ts';

/** The answer that the rules are read from. */
export const FIREWALLD_ANSWER = 'firewalld';

/**
 * Open ports in a running firewalld, in its runtime and its permanent configuration alike, never by
 * `--reload`, which would flush the chains of docker and kube-proxy. Read over D-Bus and from the XML:
 * `firewall-cmd` takes half a second of Python for each question. What was opened here and is wanted no more is closed
 * again; a record on the host tells it from rules that somebody else has set, also of the same words.
 */
export function firewall(spec: FirewallSpec): Resource {
  return {
    id: 'firewall',
    title: 'firewalld',
    owns: [paths.firewall],
    watches: [...factsWatches(), ...openedWatches],
    diff(seen): Change {
      const found = workOn(spec, seen);
      if (found === undefined && factsOf(seen).firewalld) {
        const waitsFor = 'firewalld to answer dbus-send';
        return { kind: 'unknown', summary: 'not known yet', waitsFor, byItself: true };
      }
      if (found === undefined) return none('firewalld does not run');
      const { calls, record } = found;
      const words = [
        ...new Set(calls.map(({ verb, what }) => (verb === 'add' ? what : `no longer ${what}`))),
      ];
      if (words.length > 0) return { kind: 'update', summary: words.join(', ') };
      return record && changes(record.diff(seen, NOTHING))
        ? { kind: 'update', summary: 'what was opened is written down' }
        : none('all open');
    },
    async steps(_change, seen): Promise<Step[]> {
      const found = workOn(spec, seen);
      if (!found) return [];
      const { calls, before, record } = found;
      const writing = async (one: Resource | undefined): Promise<readonly Step[]> => {
        const change = one?.diff(seen, NOTHING);
        return one && change && changes(change) ? one.steps(change, seen) : [];
      };
      const opened = calls.some(({ verb }) => verb === 'add');
      const closed = calls.some(({ verb }) => verb === 'remove');
      const script = merged(calls)
        .map((options) => sh`firewall-cmd -q ${options}`)
        .join('\n');
      const title = `change ${calls.length} firewall rules`;
      return [
        // Before anything is opened, so that nothing of ours stays behind when a run is cut.
        ...(opened ? await writing(before) : []),
        ...(calls.length > 0 ? [{ op: 'run', title, script } as const] : []),
        ...(closed || !opened ? await writing(record) : []),
      ];
    },
  };
}

/** What is needed to know what of ours is open, whatever is wanted. */
export const openedWatches: readonly Watch[] = [
  { kind: 'file', key: paths.firewall, read: 'content' },
  { kind: 'answer', key: FIREWALLD_ANSWER, script: firewalldQuestion },
];

/**
 * How all is closed that is written down as opened here: arguments for a call of firewall-cmd each. `undefined` when
 * firewalld does not run, or does not tell, and something is written down.
 */
export function closingCalls(seen: Observed): string[][] | undefined {
  const found = workOn(
    { ports: [], portsFor: [], protocolsFor: [], trustedSources: [], trustedInterfaces: [], direct: [] },
    seen,
  );
  if (found) return merged(found.calls);
  return recordedIn(seen).length === 0 ? [] : undefined;
}

const NOTHING = new Map<string, Change>();

interface Call {
  readonly verb: 'add' | 'remove';
  readonly what: string;
  /** Arguments of firewall-cmd. */
  readonly words: readonly string[];
}

interface Work {
  readonly calls: readonly Call[];
  /** The record while it is done, and after; none where nothing is ours. */
  readonly before: Resource | undefined;
  readonly record: Resource | undefined;
}

/** `undefined` where firewalld does not run or does not tell. */
function workOn(spec: FirewallSpec, seen: Observed): Work | undefined {
  const state = readFirewalld(seen.answer(FIREWALLD_ANSWER)?.output ?? '');
  if (state === undefined) return undefined;
  const file = seen.file(paths.firewall);
  const recorded = recordedIn(seen);
  const known = new Set(recorded.map(({ line }) => line));
  const wanted = rulesOf(spec);
  const words = new Set(wanted.map(({ line }) => line));
  const isNowhere = (rule: Rule): boolean => PLACES.every((place) => !rule.isThere(state[place]));
  const doomed = recorded.filter(({ line }) => !words.has(line));
  const callsFor = (verb: Call['verb'], rules: readonly Rule[], place: Place): Call[] =>
    rules
      .filter((rule) => rule.isThere(state[place]) === (verb === 'remove'))
      .map((rule) => ({
        verb,
        what: rule.what,
        words: [...(place === 'permanent' ? ['--permanent'] : []), ...rule.call(verb, state.zone)],
      }));
  // What somebody has opened in one of the two places is theirs, and stays when nothing of ours wants it any more.
  const ours = wanted.filter((rule) => known.has(rule.line) || isNowhere(rule));
  const recordOf = (rules: readonly Rule[]): Resource | undefined =>
    rules.length > 0 || file?.type === 'file'
      ? fileResource({ path: paths.firewall, content: recordText(rules), mode: '0600' })
      : undefined;
  return {
    calls: PLACES.flatMap((place) => [
      ...callsFor('add', wanted, place),
      ...callsFor('remove', doomed, place),
    ]),
    before: recordOf([...ours, ...doomed]),
    record: recordOf(ours),
  };
}

function recordedIn(seen: Observed): Rule[] {
  const file = seen.file(paths.firewall);
  return recordedRules(file?.type === 'file' ? (file.content?.toString('utf8') ?? '') : '');
}

const PLACES = ['runtime', 'permanent'] as const;
type Place = (typeof PLACES)[number];

/** Each call is a start of Python, so what goes into one zone goes in one call; it refuses sources beside interfaces. */
function merged(calls: readonly Call[]): string[][] {
  const found = new Map<string, string[]>();
  for (const { words } of calls) {
    const at = words.findIndex((word) => /^--(?:add|remove)-/.test(word));
    const kind = words[at]?.split('=')[0] ?? '';
    const place = (words.includes('--direct') ? words : [...words.slice(0, at), kind]).join(' ');
    const known = found.get(place);
    found.set(place, known ? [...known, ...words.slice(at)] : [...words]);
  }
  return [...found.values()];
}
