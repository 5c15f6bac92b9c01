import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { kubectlJson } from '../support/kubectl.ts';
import { HOSTS, onHost, settings } from '../support/lab.ts';
import { type Result, failures, freshLab, kubeconfigFile } from '../support/product.ts';
import { type EndedTerminal, phaseLines, still, upOnTerminal } from '../support/terminal.ts';

const requestLog = join(settings.run, `serve-${settings.controller}`, 'requests.log');

let first: Result;
let terminal: EndedTerminal;
let cursors: Map<string, string>;

beforeAll(async () => {
  await freshLab();
  writeFileSync(requestLog, '');
  cursors = new Map(
    await Promise.all(HOSTS.map(async (host) => [host, await onHost(host, 'date +%s')] as const)),
  );
  ({ result: first, terminal } = await upOnTerminal(['--accept-new-host-keys']));
});

test('a first up ends with 0 and a summary of what it did', () => {
  expect(first.code, failures(first)).toBe(0);
  expect(first.summary).toMatchObject({ type: 'summary', failed: 0, kubeconfig: kubeconfigFile });
  expect(first.summary.hosts.map(({ name }) => name)).toEqual([...HOSTS]);
  for (const host of first.summary.hosts) expect(host).toMatchObject({ failed: false, connections: 1 });
  expect(first.summary.changed).toBe(first.summary.hosts.reduce((sum, { changed }) => sum + changed, 0));
  expect(first.summary.hosts.every(({ changed }) => changed > 20)).toBe(true);
});

test('on a terminal, a first up leaves a line for each phase, and then what it has done', () => {
  const done = first.events
    .filter(({ type }) => type === 'phase.started')
    .map(({ title }) => `✔ ${String(title)} (T s)`);
  expect(done.length).toBeGreaterThan(12);
  expect(phaseLines(terminal.text)).toEqual(['✔ Looking at 3 hosts (T s)', ...done]);
  expect(still(terminal.text)).toContain(`${done.at(-1) ?? ''}\n\nHOST  STATE    CHANGED`);
  expect(terminal.text).toMatch(/\n {2}k8s-bootstrap status -i \S+\/inventory\.yaml$/);
});

test('while it works, it shows hosts, bars and a clock, and the view does not fail', () => {
  const shown = (what: RegExp): string => terminal.screens.find((screen) => what.test(screen)) ?? '';
  expect(shown(/^[⠁-⣿] Packages \(\d+ of \d+\) {2}\d+ s\n( {2}\S (m1|w1|w2) {2}install .*\n){3}/mu)).not.toBe(
    '',
  );
  expect(shown(/^ {2}↓ kube\S+ v1\.16\.3 {2}\[#*-*\] +\d+ %/m)).not.toBe('');
  expect(shown(/^ {2}\S m1 {2}write \S+ {2}\[#*-*\] +\d+ %/m)).not.toBe('');
  for (const screen of terminal.screens) expect(screen).not.toContain('the live view failed');
});

test('every node is Ready on v1.16.3 with the runtime that the inventory names', async () => {
  interface Node {
    metadata: { name: string };
    status: {
      conditions: { type: string; status: string }[];
      nodeInfo: { kubeletVersion: string; kubeProxyVersion: string; containerRuntimeVersion: string };
    };
  }
  const { items } = await kubectlJson<{ items: Node[] }>('get', 'nodes');
  const found = items.map(({ metadata, status: { conditions, nodeInfo } }) => ({
    name: metadata.name,
    ready: conditions.find(({ type }) => type === 'Ready')?.status,
    versions: [nodeInfo.kubeletVersion, nodeInfo.kubeProxyVersion],
    runtime: nodeInfo.containerRuntimeVersion.replace(/:.*/, ''),
  }));
  const node = (name: string, runtime: string): unknown => ({
    name,
    ready: 'True',
    versions: ['v1.16.3', 'v1.16.3'],
    runtime,
  });
  expect(found).toEqual([node('m1', 'containerd'), node('w1', 'docker'), node('w2', 'containerd')]);
});

test('labels and taints of the inventory are on the nodes', async () => {
  const { items } = await kubectlJson<{
    items: {
      metadata: { name: string; labels: Record<string, string> };
      spec: { taints?: { key: string }[] };
    }[];
  }>('get', 'nodes');
  const by = new Map(items.map((node) => [node.metadata.name, node]));
  expect(by.get('w2')?.metadata.labels['disk']).toBe('ssd');
  expect(by.get('m1')?.metadata.labels).toHaveProperty(['node-role.kubernetes.io/master'], '');
  expect(by.get('w1')?.metadata.labels).toHaveProperty(['node-role.kubernetes.io/worker'], '');
  // The node controller's own (not-ready) go a moment after the node is Ready.
  const taints = (name: string): unknown =>
    (by.get(name)?.spec.taints ?? []).filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
  expect(taints('m1')).toEqual([{ key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' }]);
  expect(taints('w1')).toEqual([]);
});

test('no artifact is downloaded twice', () => {
  const requests = readFileSync(requestLog, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { method: string; path: string; status: number; length: number })
    .filter(({ method, path }) => method === 'GET' && /^\/(release|cni|etcd)/.test(path));
  const files = requests.map(({ path, status }) => `${status} ${path}`).sort();
  expect(files).toEqual([
    '200 /cni/v1.2.0/cni-plugins-linux-amd64-v1.2.0.tgz',
    ...[
      'kube-apiserver',
      'kube-controller-manager',
      'kube-proxy',
      'kube-scheduler',
      'kubectl',
      'kubelet',
    ].map((name) => `200 /release/v1.16.3/bin/linux/amd64/${name}`),
  ]);
});

test('each login is the one that the inventory says', async () => {
  const journal = async (host: (typeof HOSTS)[number]): Promise<string> =>
    onHost(host, `journalctl -u ssh -o cat --no-pager --since @${cursors.get(host) ?? ''}`);
  expect(await journal('m1')).toMatch(/Accepted publickey for root from /);
  expect(await journal('w1')).toMatch(/Accepted password for student from /);
  // Through m1: that is where the connection comes from.
  expect(await journal('w2')).toMatch(
    new RegExp(`Accepted publickey for ops from ${settings.net.replaceAll('.', '\\.')}\\.11 port`),
  );
  expect(
    await onHost('w2', `journalctl _COMM=sudo -o cat --no-pager --since @${cursors.get('w2') ?? ''}`),
  ).toMatch(/ops : .*USER=root ; COMMAND=/);
});

test('what the controller keeps is nobody else’s to read', () => {
  expect(statSync(kubeconfigFile).mode & 0o777).toBe(0o600);
  expect(statSync(join(kubeconfigFile, '../..')).mode & 0o777).toBe(0o700);
});

test('no secret is in what the run told', () => {
  for (const secret of ['student-password', 'ops-password', 'PRIVATE KEY']) {
    expect(first.stdout).not.toContain(secret);
    expect(first.stderr).not.toContain(secret);
  }
});
