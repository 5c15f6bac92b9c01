import { quote } from '../kernel/quote.ts';
import type { HostSummary, Summary } from '../run/events.ts';
import type { History } from './history.ts';
import { table } from './table.ts';
import { count, duration, oneLine } from './text.ts';
import type { Paint } from './text.ts';

const SLOWEST = 5;

/** The end of a run for a person, ending in a line break. */
export function summaryText(summary: Summary, history: History, paint: Paint): string {
  return [
    '',
    ...table([
      ['HOST', 'STATE', 'CHANGED', 'TIME', 'RESTARTED'],
      ...summary.hosts.map((host) => row(host, paint)),
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

function row(host: HostSummary, paint: Paint): string[] {
  const restarted = host.restarted.length === 0 ? '-' : oneLine(host.restarted.join(', '));
  return [
    oneLine(host.name),
    state(host, paint),
    String(host.changed),
    duration(host.seconds * 1000),
    restarted,
  ];
}

function state({ failed, changed }: HostSummary, paint: Paint): string {
  if (failed) return paint('red', 'failed');
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

function failures(history: History, paint: Paint): string[] {
  if (history.failures.length === 0) return [];
  const lines = history.failures.map(({ host, error }) => {
    const [first = ''] = error.message.split('\n');
    return oneLine(`  ${host}: ${error.code} ${first}`);
  });
  return [paint('red', 'Failed:'), ...lines, ''];
}

function total({ hosts, changed, failed }: Summary, paint: Paint): string {
  const changes = `${count(hosts.length, 'host')}, ${count(changed, 'change')}`;
  return failed === 0 ? `${changes}.` : `${changes}, ${paint('red', `${failed} failed`)}.`;
}

function nextCommands({ failed, kubeconfig }: Summary, { command }: History, paint: Paint): string[] {
  if (command !== 'up' || failed > 0 || kubeconfig === null) return [];
  const commands = [
    `export KUBECONFIG=${quote(kubeconfig)}`,
    'kubectl get nodes -o wide',
    'kubectl get pods --all-namespaces',
    'k8s-bootstrap status',
  ];
  return ['', 'Next:', ...commands.map((line) => `  ${paint('bold', oneLine(line))}`)];
}
