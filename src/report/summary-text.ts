import { quote } from '../kernel/quote.ts';
import type { HostSummary, Summary } from '../run/events.ts';
import { type History, refusedHosts } from './history.ts';
import { table } from './table.ts';
import { count, duration, oneLine } from './text.ts';
import type { Paint } from './text.ts';

const SLOWEST = 5;

/** The end of a run for a person, ending in a line break. */
export function summaryText(summary: Summary, history: History, paint: Paint): string {
  const refused = refusedHosts(history);
  return [
    '',
    ...table([
      ['HOST', 'STATE', 'CHANGED', 'TIME', 'RESTARTED'],
      ...summary.hosts.map((host) => row(host, refused, paint)),
    ]),
    '',
    ...slowestSteps(history),
    ...failures(history, paint),
    total(summary, paint),
    ...nextCommands(summary, history, paint),
  ]
    .join('\n')
    .concat('\n');
}

function row(host: HostSummary, refused: ReadonlySet<string>, paint: Paint): string[] {
  const restarted = host.restarted.length === 0 ? '-' : oneLine(host.restarted.join(', '));
  return [
    oneLine(host.name),
    state(host, refused, paint),
    String(host.changed),
    duration(host.seconds * 1000),
    restarted,
  ];
}

function state({ name, failed, changed }: HostSummary, refused: ReadonlySet<string>, paint: Paint): string {
  if (failed) return paint('red', 'failed');
  if (refused.has(name)) return paint('red', 'unfit');
  return changed > 0 ? paint('yellow', 'changed') : paint('green', 'ok');
}

function slowestSteps({ steps }: History): string[] {
  if (steps.length === 0) return [];
  const slowest = steps.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, SLOWEST);
  const rows = slowest.map(({ host, phase, step, milliseconds }) => [
    `  ${duration(milliseconds)}`,
    ...[host, phase, step].map(oneLine),
  ]);
  return ['Slowest steps:', ...table(rows), ''];
}

/** In short: the errors stand above in full. */
function failures({ failures: all, hosts }: History, paint: Paint): string[] {
  if (all.length === 0) return [];
  const lines = new Map<string, string[]>();
  for (const { host, phase, error } of all) {
    const what = phase === undefined ? error.code : `${error.code} in ${phase}`;
    lines.set(what, [...(lines.get(what) ?? []), host]);
  }
  const inOrder = (names: string[]): string[] =>
    names.toSorted((a, b) => hosts.indexOf(a) - hosts.indexOf(b));
  return [
    paint('red', 'Failed, as told above:'),
    ...[...lines].map(([what, names]) => oneLine(`  ${what}: ${inOrder(names).join(', ')}`)),
    '',
  ];
}

function total({ hosts, changed, failed }: Summary, paint: Paint): string {
  const changes = `${count(hosts.length, 'host')}, ${count(changed, 'change')}`;
  return failed === 0 ? `${changes}.` : `${changes}, ${paint('red', `${failed} failed`)}.`;
}

function nextCommands(summary: Summary, history: History, paint: Paint): string[] {
  if (history.command !== 'up') return [];
  const good = summary.failed === 0 && history.endedBy === undefined;
  const commands = good ? afterSuccess(summary, history, paint) : afterFailure(history, paint);
  return commands.length === 0 ? [] : ['', 'Next:', ...commands.map((line) => `  ${line}`)];
}

function afterSuccess({ kubeconfig, kubectl }: Summary, history: History, paint: Paint): string[] {
  if (kubeconfig === null) return [];
  const command = (line: string): string => paint('bold', oneLine(line));
  return [
    command(`export KUBECONFIG=${quote(kubeconfig)}`),
    ...(kubectl === null
      ? [
          '# kubectl is not on the PATH of this machine. With kubernetes: { controllerKubectl: true } in the',
          '# inventory, another up puts one beside the kubeconfig and names it here.',
        ]
      : [
          command(`${quote(kubectl)} get nodes -o wide`),
          command(`${quote(kubectl)} get pods --all-namespaces`),
        ]),
    command(`k8s-bootstrap status${inventoryOption(history)}`),
  ];
}

const MOST_JOURNALS = 3;

/** Their hints say what is to be done first: another run, or a look at the cluster, meets the same. */
const NOT_BY_ITSELF: ReadonlySet<string> = new Set([
  ...['E_AUTH', 'E_SSH_KEY', 'E_SUDO_PASSWORD', 'E_SUDO_DENIED', 'E_SUDO_MISSING'],
  ...['E_HOST_KEY_UNKNOWN', 'E_HOST_KEY_CHANGED', 'E_HOST_KEY_REVOKED'],
  ...[
    'E_FOREIGN_HOST',
    'E_STATE_MISSING',
    'E_STATE_OTHER',
    'E_INVENTORY',
    'E_CHECKSUM_UNKNOWN',
    'E_CHECKSUMS_FILE',
  ],
]);

/** The journals that tell more, where all hosts stand, and how to go on. */
function afterFailure(history: History, paint: Paint): string[] {
  const { endedBy, failures, inventory } = history;
  const errors = [...failures.map(({ error }) => error), ...(endedBy ? [endedBy] : [])];
  const last = endedBy ? [endedBy] : errors;
  if (last.length > 0 && last.every(({ code }) => NOT_BY_ITSELF.has(code))) return [];
  const journals = errors.flatMap(({ where: { unit, host } }) =>
    unit !== undefined && host !== undefined
      ? [`k8s-bootstrap logs ${quote(unit.replace(/\.service$/, ''))} ${quote(host)}`]
      : [],
  );
  return [
    ...[...new Set(journals)]
      .slice(0, MOST_JOURNALS)
      .map((journal) => `${journal}${inventoryOption(history)}`),
    `k8s-bootstrap status${inventoryOption(history)}`,
    `k8s-bootstrap up${inventory === undefined ? '' : ` ${quote(inventory)}`}`,
  ].map((line) => paint('bold', oneLine(line)));
}

const inventoryOption = ({ inventory }: History): string =>
  inventory === undefined ? '' : ` -i ${quote(inventory)}`;
