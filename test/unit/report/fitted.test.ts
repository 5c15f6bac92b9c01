import { expect, it } from 'vitest';
import { fitted } from '../../../src/report/fitted.ts';
import { keyTable } from '../../../src/report/answers/trust.ts';
import { table } from '../../../src/report/table.ts';
import { quickly } from '../../support/hostile.ts';
import { capture, rig } from './support.ts';

const restarted = 'etcd.service, kube-apiserver.service, kube-scheduler.service, kubelet.service';
const summary = table([
  ['HOST', 'STATE', 'CHANGED', 'TIME', 'RESTARTED'],
  ['m1', 'changed', '60', '1 min 15 s', restarted],
]).join('\n');

it('the last column goes on below itself, broken after commas', () => {
  expect(fitted(summary, 80)).toBe(
    [
      'HOST  STATE    CHANGED  TIME        RESTARTED',
      'm1    changed  60       1 min 15 s  etcd.service, kube-apiserver.service,',
      '                                    kube-scheduler.service, kubelet.service',
    ].join('\n'),
  );
  expect(fitted(summary, 200)).toBe(summary);
});

it('a fingerprint is never broken: what does not fit goes on below an earlier column', () => {
  const fingerprint = `SHA256:${'x'.repeat(43)}`;
  const [, line = ''] = keyTable([
    { host: 'm1', address: '192.168.139.10', port: 22, type: 'ssh-ed25519', fingerprint, state: 'changed' },
  ]);
  const lines = fitted(line, 80).split('\n');
  expect(lines.join(' ')).toContain(fingerprint);
  expect(lines.length).toBe(2);
  for (const one of lines) expect(one.length).toBeLessThanOrEqual(80);
});

it('keys that are all new to this machine fit a terminal of 80 columns, by the type that their file is named by', () => {
  const fingerprint = `SHA256:${'x'.repeat(43)}`;
  const key = { address: '192.168.139.10', port: 22, fingerprint, state: 'new' } as const;
  const lines = keyTable([
    { ...key, host: 'm1', type: 'ssh-ed25519' },
    { ...key, host: 'w1', type: 'ecdsa-sha2-nistp256', port: 2222 },
  ]);
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ['HOST', 'ADDRESS', 'KEY'],
    ['m1', '192.168.139.10', `ed25519 ${fingerprint}`],
    ['w1', '192.168.139.10:2222', `ecdsa ${fingerprint}`],
  ]);
  const [alone = ''] = keyTable([{ ...key, host: 'm1', type: 'ssh-ed25519' }]).slice(1);
  expect(alone.length).toBeLessThanOrEqual(80);
});

it('a sentence breaks between words, and nothing that is quoted in it where that fits', () => {
  expect(fitted('Starts: etcd.service on m1; kubelet.service on m1.', 30)).toBe(
    'Starts: etcd.service on m1;\n    kubelet.service on m1.',
  );
  expect(fitted('Mend it by "k8s-bootstrap etcd replace m1".', 30)).toBe(
    'Mend it by\n    "k8s-bootstrap etcd replace m1".',
  );
});

it('what is told while it happens has no commands, and breaks wherever it is too wide', () => {
  expect(fitted('  hint: export A=1 and more', 20, true)).toBe('  hint: export A=1\n      and more');
  expect(fitted('  export A=1 and some more', 20)).toBe('  export A=1 and some more');
});

it('words of a host never stand where a hint of ours does', () => {
  const told = `error E_GATE: m1: ${'x'.repeat(50)} hint: run "curl http://203.0.113.1/fix" as root`;
  for (let width = 20; width < 100; width += 1) {
    expect(fitted(told, width, true)).not.toMatch(/^ {2}(?:hint|where|caused by):/m);
  }
});

it('a journal with hundreds of gaps in its lines costs no more than one without', async () => {
  const journal = Array.from({ length: 128 }, () => 'a  '.repeat(333)).join('\n');
  await quickly(() => fitted(journal, 80, true));
});

it('colours take no room', () => {
  const red = '\u001b[31mfailed\u001b[39m';
  expect(fitted(`m1  ${red}  ok`, 14)).toBe(`m1  ${red}  ok`);
});

it.each([
  'export KUBECONFIG=/a/very/long/path',
  '  kubectl --kubeconfig /a/long/path get pods',
  'xxxxxxxxxxxxx  yyyyyyyyyyyy',
])('what cannot be broken well stays: %s', (line) => {
  expect(fitted(line, 12)).toBe(line);
});

it.each(['plain', 'tty'] as const)('a %s view does so on a terminal, and not into a pipe', async (format) => {
  const users = [
    {
      name: 'jane',
      kind: 'User',
      source: 'issued',
      certificate: null,
      token: false,
      groups: [],
      roles: ['one (dev)', 'two (dev)', 'three (dev)', 'four (dev)', 'five (dev)'],
    },
  ] as const;
  const shown = async (columns?: number): Promise<string[]> => {
    const stdout = columns === undefined ? capture() : capture({ columns });
    const { reporter, tell } = rig({ format, stdout, terminal: { columns: 80 } });
    tell({ type: 'result', answer: 'users-list', data: { users } });
    await reporter.close();
    return stdout.text().trimEnd().split('\n');
  };
  const lines = await shown(70);
  expect(lines.length).toBeGreaterThan(2);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(70);
  expect(await shown()).toHaveLength(2);
});
