import { expect, it } from 'vitest';
import { fitted } from '../../../src/report/fitted.ts';
import { keyTable } from '../../../src/report/answers/trust.ts';
import { table } from '../../../src/report/table.ts';
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
    { host: 'm1', address: '192.168.139.10', port: 22, type: 'ssh-ed25519', fingerprint, state: 'new' },
  ]);
  const lines = fitted(line, 80).split('\n');
  expect(lines.join(' ')).toContain(fingerprint);
  expect(lines.length).toBe(2);
  for (const one of lines) expect(one.length).toBeLessThanOrEqual(80);
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
