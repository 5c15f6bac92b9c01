import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endHold, hold, letGo } from '../support/hold.ts';
import { command } from '../support/lab.ts';
import {
  inventoryFile,
  kubeconfigFile,
  standingCluster,
  stateFolder,
  up,
  withInventory,
  workFolder,
} from '../support/product.ts';
import { type Terminal, onTerminal, phaseLines, still, upOnTerminal } from '../support/terminal.ts';

const extra = (component: string, args: string): string => `${component}:\n  extraArgs: { ${args} }\n`;
const louder = (text: string): string =>
  `${text}\n${extra('scheduler', "v: '4'")}${extra('controllerManager', "v: '4'")}`;
/** The scheduler's own address may not be another host's, and nobody but it can tell. */
const broken = (text: string): string => `${text}\n${extra('scheduler', 'bind-address: 203.0.113.1')}`;

const open: Terminal[] = [];
async function upOn(...options: Parameters<typeof onTerminal>[1][]): Promise<Terminal> {
  const terminal = await onTerminal(['up', inventoryFile], ...options);
  open.push(terminal);
  return terminal;
}

beforeAll(standingCluster);
// As the inventory says, whatever the test before has left.
beforeEach(async () => {
  await up();
});
afterEach(async () => {
  await endHold('m1');
  for (const terminal of open.splice(0)) await terminal.close();
});

const neverFails = (screens: readonly string[]): void => {
  for (const screen of screens) expect(screen).not.toContain('the live view failed');
};

const AT_WORK = /^\S kube-scheduler \(2 of 2\) {2}\d+ s\n {2}\S m1 {2}restart kube-scheduler\.service\n\n/m;
const UP = `k8s-bootstrap up ${inventoryFile}`;

test('a small change is drawn in place, in a window of any size, and ends with one line a phase', () =>
  withInventory(louder, async () => {
    await hold('m1');
    const terminal = await upOn();
    await terminal.until(AT_WORK);
    for (const [columns, rows] of [
      [200, 50],
      [60, 12],
      [80, 24],
    ] as const) {
      await terminal.resize(columns, rows);
      const screen = await terminal.until(AT_WORK);
      expect(phaseLines(screen).slice(-2)).toEqual([
        '✔ kube-controller-manager (T s)',
        '* kube-scheduler (2 of 2)  T s',
      ]);
    }
    await letGo('m1');
    const { code, text, screens } = await terminal.end();
    expect(code, text).toBe(0);
    const tail = text.slice(text.indexOf('Expected interruption:'));
    expect(unfitted(still(tail)).split('\n')).toEqual([
      'Expected interruption: kube-controller-manager.service on m1; kube-scheduler.service on m1.',
      '✔ kube-controller-manager (T s)',
      '✔ kube-scheduler (T s)',
      '',
      expect.stringMatching(/^HOST +STATE +CHANGED +TIME +RESTARTED$/),
      expect.stringMatching(/^m1 +changed +4 +T s +kube-controller-manager.service, kube-scheduler.service$/),
      expect.stringMatching(/^w1 +ok +0 +T s +-$/),
      expect.stringMatching(/^w2 +ok +0 +T s +-$/),
      '',
      'Slowest steps:',
      ...Array.from({ length: 5 }, () => expect.stringMatching(/^ {2}T s {2}m1 {2}/) as string),
      '',
      '3 hosts, 4 changes.',
      '',
      'Next:',
      expect.stringMatching(/^ {2}export KUBECONFIG=/),
      ...nextKubectl(tail),
      `  k8s-bootstrap status -i ${inventoryFile}`,
    ]);
    neverFails(screens);
  }));

/** Rows and sentences that are longer than the window go on in further lines. */
const unfitted = (text: string): string => text.replaceAll(/\n {4,}(?=\S)/g, ' ');

/** What is recommended depends on whether this machine has kubectl. */
const nextKubectl = (text: string): unknown[] =>
  text.includes('# kubectl is not on the PATH')
    ? [expect.stringMatching(/^ {2}# /), expect.stringMatching(/^ {2}# /)]
    : [expect.stringMatching(/^ {2}\S*kubectl get nodes/), expect.stringMatching(/^ {2}\S*kubectl get pods/)];

test('Ctrl-C is answered at once, lets the phase at work end, and says how to go on', () =>
  withInventory(louder, async () => {
    await hold('m1');
    const terminal = await upOn({ columns: 200, rows: 50 });
    await terminal.until(AT_WORK);
    await terminal.press('C-c');
    await terminal.until(/stopping when the phase at work is done[^]*kube-scheduler \(2 of 2\) {2}\d+ s/);
    await letGo('m1');
    const { code, text, screens } = await terminal.end();
    expect(code, text).toBe(130);
    expect(text.match(/error E_ABORTED/g)).toHaveLength(1);
    expect(text.endsWith(`\n\nNext:\n  k8s-bootstrap status -i ${inventoryFile}\n  ${UP}`), text).toBe(true);
    neverFails(screens);
  }));

describe('a host that fails', () => {
  test('is red, its cause is told once, what helps comes last, and it is well again without the change', async () => {
    await withInventory(broken, async () => {
      const { result, terminal } = await upOnTerminal([], { columns: 100 });
      const { text, painted, screens } = terminal;
      expect(result.code, text).toBe(1);
      expect(text.match(/kube-scheduler\.service has ended 3 times/g), text).toHaveLength(1);
      expect(text.match(/error E_GATE/g)).toHaveLength(2);
      expect(text).toContain('error E_GATE: the run ends here: it cannot do without m1 (see above)');
      expect(phaseLines(text).at(-1)).toBe('✖ kube-scheduler: failed on m1 (T s)');
      expect(painted).toContain('\u001b[31m✖');
      expect(text).not.toContain('(stopped');
      expect(
        text.endsWith(
          [
            '\n\nNext:',
            `k8s-bootstrap logs kube-scheduler m1 -i ${inventoryFile}`,
            `k8s-bootstrap status -i ${inventoryFile}`,
            UP,
          ].join('\n  '),
        ),
        text,
      ).toBe(true);
      neverFails(screens);
    });
    expect((await up()).summary).toMatchObject({ changed: 2, failed: 0 });
  });
});

describe('nothing to do', () => {
  test('NO_COLOR: drawn without colours', async () => {
    const { result, terminal } = await upOnTerminal([], { env: { NO_COLOR: '1' } });
    expect(result.code, terminal.text).toBe(0);
    expect(phaseLines(terminal.text)).toEqual(['✔ Looking at 3 hosts (T s)']);
    expect(terminal.painted).not.toContain('\u001b[');
    neverFails(terminal.screens);
  });

  test('the kubectl that the inventory wants on this machine is fetched, recommended, and works', async () => {
    const wanted = (text: string): string =>
      text.replace('\nkubernetes:\n', '\nkubernetes:\n  controllerKubectl: true\n');
    const kubectl = join(stateFolder, 'bin', 'kubectl');
    try {
      const { summary } = await withInventory(wanted, () => up());
      expect(summary).toMatchObject({ changed: 0, kubectl });
      const args = ['--kubeconfig', kubeconfigFile, 'get', 'nodes', '-o', 'name'];
      expect((await command(kubectl, args)).stdout).toBe('node/m1\nnode/w1\nnode/w2\n');
    } finally {
      rmSync(join(stateFolder, 'bin'), { recursive: true, force: true });
    }
  });

  test('a terminal that cannot: plain lines', async () => {
    const { result, terminal } = await upOnTerminal(['--verbose'], { env: { TERM: 'dumb' } });
    expect(result.code, terminal.text).toBe(0);
    expect(phaseLines(terminal.text)).toEqual([]);
    expect(terminal.text).toMatch(/\nm1 {2}looked at in /);
  });

  test('results into a pipe: the drawing is on the terminal, the results are in the pipe', async () => {
    const { result, terminal } = await upOnTerminal([], { behind: '| cat > piped.txt', columns: 200 });
    expect(result.code, terminal.text).toBe(0);
    expect(still(terminal.text).split('\n').at(-1)).toBe('✔ Looking at 3 hosts (T s)');
    const piped = readFileSync(join(workFolder, 'piped.txt'), 'utf8');
    expect(piped).toContain('No changes. 3 hosts as the inventory says.');
    expect(piped).toContain('Next:');
    expect(piped).not.toContain('\u001b');
  });
});
