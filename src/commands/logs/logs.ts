import type { JournalEntry } from '../../answers/hosts.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { sh } from '../../kernel/quote.ts';
import { serviceId } from '../../resources/service.ts';
import { OUTPUT_LIMIT } from '../../transport/session.ts';
import { type Fleet, type Member, alive, onEach, runOn } from '../../run/fleet.ts';
import { type RunOptions } from '../../cluster/visit.ts';
import type { Cluster } from '../../cluster/open.ts';
import { visitFleet } from '../../cluster/visit-fleet.ts';
import { type Wanted, wantedOn } from '../explain/file-facts.ts';
import { readEntries } from './entries.ts';
import { unitMeant } from './unit-meant.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { outcome } from '../../cluster/visit-hosts.ts';

export interface LogsOptions extends RunOptions {
  /** With or without its ending. */
  readonly unit: string;
  /** Names of the inventory; none stands for all hosts that should have the unit. */
  readonly hosts: readonly string[];
  /** How many lines of each host. */
  readonly lines: number;
  readonly follow: boolean;
}

/** Journals of one unit from many hosts as one: in the order of time, or as they come when followed. */
export function logs(options: LogsOptions): Promise<number> {
  const { emit, stop, follow, lines } = options;
  let unit = unitName(options.unit);
  const chosen = (cluster: Cluster): readonly string[] => {
    const wanted = wantedOn(cluster);
    unit = unitMeant(options.unit, unit, wanted);
    return options.hosts.length > 0
      ? hostNames(cluster.inventory, options.hosts)
      : hostsOf(cluster, unit, wanted);
  };
  // All at once when followed: nobody's place becomes free.
  const how = follow ? { concurrency: Infinity } : {};
  return visitFleet(
    options,
    chosen,
    async ({ fleet }) => {
      const show = (entry: JournalEntry): void => {
        emit({ type: 'result', answer: 'logs', data: entry });
      };
      const script = sh`exec journalctl -u ${unit} -n ${lines} -o json --no-pager`;
      if (follow) {
        await followAll(fleet, `${script} -f`, stop, show);
        return outcome(fleet);
      }
      const entries = await collect(fleet, script, Math.max(OUTPUT_LIMIT, lines * 8192));
      for (const entry of entries.toSorted((a, b) => a.at - b.at)) show(entry);
      if (entries.length === 0)
        emit({ type: 'note', level: 'info', message: `no journal has anything of ${unit}` });
      return outcome(fleet);
    },
    how,
  );
}

/** systemd.unit(5); the ending may be left out. */
function unitName(text: string): string {
  if (/^[A-Za-z0-9@._:-]+$/.test(text) && !text.startsWith('-'))
    return /\.[a-z]+$/.test(text) ? text : `${text}.service`;
  throw new BootstrapError('E_UNIT', `"${text}" is not the name of a unit`, {
    hint: 'Write it like kubelet or etcd.service.',
    exitCode: ExitCode.usage,
  });
}

/** Hosts on which a phase wants the unit; all when it is none of ours. */
function hostsOf(cluster: Cluster, unit: string, all: readonly Wanted[]): readonly string[] {
  const wanted = all.filter(({ resource }) => resource.id === serviceId(unit));
  const names = new Set(wanted.map(({ host }) => host));
  const hosts = cluster.inventory.hosts.map(({ name }) => name);
  return names.size === 0 ? hosts : hosts.filter((name) => names.has(name));
}

async function collect(fleet: Fleet, script: string, outputLimit: number): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  await onEach(fleet, alive(fleet), undefined, async (member) => {
    const { stdout } = await runOn(fleet, member, { script, outputLimit });
    entries.push(...readEntries(member.name, stdout.toString('utf8')));
  });
  return entries;
}

/** An entry is a line of JSON; journalctl leaves out fields of more than 4096 bytes. */
const ENTRY_LIMIT = 256 * 1024;

const followAll = (
  fleet: Fleet,
  script: string,
  stop: AbortSignal,
  show: (entry: JournalEntry) => void,
): Promise<void> =>
  onEach(fleet, alive(fleet), undefined, async (member: Member) => {
    let rest = '';
    const onStdout = (chunk: Buffer): void => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > ENTRY_LIMIT) {
        throw new BootstrapError('E_OUTPUT', `a journal entry is longer than ${ENTRY_LIMIT} bytes`);
      }
      readEntries(member.name, lines.join('\n')).forEach(show);
    };
    try {
      await runOn(fleet, member, {
        script,
        onStdout,
        signal: stop,
        keepStdout: false,
        timeoutMs: Infinity, // until somebody stops it
      });
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  });
