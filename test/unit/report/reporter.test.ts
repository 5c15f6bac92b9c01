import { describe, expect, test } from 'vitest';
import { asBootstrapError, BootstrapError } from '../../../src/kernel/errors.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { aRun, aSummary, anError, rig, secretsOf, planEvents } from './support.ts';

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('json', () => {
  test('each event is a line on stdout, in order; stderr stays empty', async () => {
    const { tell, reporter, stdout, stderr } = rig({ format: 'json' });
    const events = aRun();
    tell(...events);
    await reporter.close();
    expect(lines(stdout.text()).map(({ type }) => type)).toEqual(events.map(({ type }) => type));
    expect(stderr.text()).toBe('');
  });

  test('the summary is the last line, and exactly what scripts rely on', async () => {
    const { tell, reporter, stdout } = rig({ format: 'json' });
    const hosts = aSummary().hosts.slice(1, 2);
    tell(
      { type: 'summary', changed: 0, failed: 0, kubeconfig: '/s/admin.conf', kubectl: null, hosts },
      { type: 'note', level: 'info', message: 'late' },
    );
    await reporter.close();
    expect(stdout.text().trimEnd().split('\n').at(-1)).toBe(
      '{"type":"summary","changed":0,"failed":0,"kubeconfig":"/s/admin.conf","kubectl":null,"hosts":[{"name":"w1","changed":0,' +
        '"failed":false,"connections":1,"execs":1,"restarted":[],"seconds":0.4}],"at":"2026-01-02T03:04:05.678Z"}',
    );
  });

  test('an error is data, with its code, place, hint and causes', async () => {
    const { tell, reporter, stdout } = rig({ format: 'json' });
    tell({ type: 'host.failed', host: 'm1', phase: 'etcd', error: anError() });
    await reporter.close();
    expect(lines(stdout.text())[0]).toMatchObject({
      type: 'host.failed',
      error: {
        code: 'E_STEP',
        where: { resource: 'service:etcd.service' },
        causes: ['exit code 1', 'socket \u001b[31mclosed'],
      },
    });
  });

  test('a secret that JSON would quote is masked before it is quoted', async () => {
    const { tell, reporter, stdout } = rig({ format: 'json', secrets: secretsOf('a"b\\c\nd') });
    tell({ type: 'note', level: 'info', message: 'it is a"b\\c\nd!' });
    await reporter.close();
    expect(lines(stdout.text())[0]).toMatchObject({ message: 'it is ***!' });
  });
});

describe('plain', () => {
  test('a host that was interrupted says where, and is no error of its own', async () => {
    const { tell, reporter, stderr } = rig();
    const [here, all] = ['stopped while waiting: etcd is healthy', 'interrupted'].map(
      (message) => new BootstrapError('E_ABORTED', message),
    );
    tell(
      { type: 'host.failed', host: 'm1', phase: 'etcd', error: here! },
      { type: 'run.failed', error: all! },
    );
    await reporter.close();
    expect(stderr.text()).toContain('m1  stopped while waiting: etcd is healthy\n');
    expect(stderr.text().match(/error E_ABORTED/g)).toHaveLength(1);
  });

  test('what several hosts end with is told once, and then by its name', async () => {
    const { tell, reporter, stderr } = rig();
    const error = new BootstrapError('E_HOST_KEY_CHANGED', 'm1 presents another key', { hint: 'Compare.' });
    tell({ type: 'host.failed', host: 'm1', error: error.at({ host: 'm1' }) });
    tell({ type: 'host.failed', host: 'w2', error: error.at({ host: 'm1' }) });
    tell({
      type: 'host.failed',
      host: 'w3',
      error: new BootstrapError('E_HOST_KEY_CHANGED', 'w3 presents another key'),
    });
    await reporter.close();
    expect(stderr.text()).toBe(
      [
        'error E_HOST_KEY_CHANGED: m1 presents another key',
        '  where: host m1',
        '  hint: Compare.',
        'error E_HOST_KEY_CHANGED: w2: the same as of m1',
        'error E_HOST_KEY_CHANGED: w3 presents another key',
        '  where: host w3',
        '',
      ].join('\n'),
    );
  });

  test('a run that ends in an error prints it on stderr', async () => {
    const { tell, reporter, stdout, stderr } = rig();
    tell({
      type: 'run.failed',
      error: new BootstrapError('E_LOCKED', 'another run holds the lock', { hint: 'Wait for it.' }),
    });
    await reporter.close();
    expect(stderr.text()).toBe('error E_LOCKED: another run holds the lock\n  hint: Wait for it.\n');
    expect(stdout.text()).toBe('');
  });

  test('an answer goes to stdout, its control characters visible', async () => {
    const { tell, reporter, stdout, stderr } = rig();
    const file = '/here/\u001b]0;title\u0007jane\n.kubeconfig';
    tell({ type: 'result', answer: 'users-kubeconfig', data: { user: 'jane', file } });
    await reporter.close();
    expect(stdout.text()).toBe('Written: /here/\\u001b]0;title\\u0007jane\n.kubeconfig\n');
    expect(stderr.text()).toBe('');
  });

  test('a journal is padded to the names of the run', async () => {
    const { tell, reporter, stdout } = rig();
    tell(
      { type: 'run.started', command: 'logs', cluster: 'c', hosts: ['m1', 'node10'] },
      { type: 'result', answer: 'logs', data: { host: 'm1', at: 0, from: 'etcd', message: 'ready' } },
    );
    await reporter.close();
    expect(stdout.text()).toBe('1970-01-01T00:00:00.000Z  m1      etcd: ready\n');
  });

  test('no colour into a pipe, colour into a terminal, none with NO_COLOR', async () => {
    const show = async (env: Record<string, string>, terminal?: { columns: number }): Promise<string> => {
      const { tell, reporter, stderr } = rig({ env, ...(terminal && { terminal }) });
      tell({ type: 'run.failed', error: asBootstrapError(new BootstrapError('E_X', 'x')) });
      await reporter.close();
      return stderr.text();
    };
    expect(await show({ FORCE_COLOR: '1' })).not.toContain('\u001b');
    expect(await show({}, { columns: 80 })).toContain('\u001b[31m');
    expect(await show({ NO_COLOR: '1' }, { columns: 80 })).not.toContain('\u001b');
  });

  test.each([
    [{ ending: 'answer' as const }, /^No changes\. 1 host as the inventory says\.\n$/],
    [{}, /^No changes\. [^]*\nHOST +STATE +CHANGED/],
  ])('a run of %j has a table unless its answer says it all', async (ending, said) => {
    const { tell, reporter, stdout } = rig();
    tell(
      { type: 'run.started', command: 'plan', cluster: 'c', hosts: ['m1'], ...ending },
      ...planEvents({ hosts: [] }, 1),
      { type: 'summary', ...aSummary() },
    );
    await reporter.close();
    expect(stdout.text()).toMatch(said);
  });

  test('a plan without changes does not vouch for hosts that were lost', async () => {
    const { tell, reporter, stdout } = rig();
    tell(
      { type: 'run.started', command: 'plan', cluster: 'c', hosts: ['m1', 'w1'] },
      ...planEvents({ hosts: [] }, 0),
    );
    await reporter.close();
    expect(stdout.text()).toBe('No host could be looked at.\n');
  });
});

describe('secrets', () => {
  test('one learned during the run is masked from then on', async () => {
    const secrets = new Set<Secret>();
    const { tell, reporter, stderr } = rig({ secrets });
    secrets.add(new Secret('made-later'));
    tell({ type: 'note', level: 'info', message: 'token made-later' });
    await reporter.close();
    expect(stderr.text()).toBe('token ***\n');
  });

  test('one that is part of another does not leave the rest of it', async () => {
    const { tell, reporter, stderr } = rig({ secrets: secretsOf('abcd', 'abcdEFGH') });
    tell({ type: 'note', level: 'info', message: 'abcdEFGH abcd' });
    await reporter.close();
    expect(stderr.text()).toBe('*** ***\n');
  });

  test('one that spells an event type changes no meaning', async () => {
    const { tell, reporter, stdout } = rig({ format: 'json', secrets: secretsOf('summary', 'restart') });
    tell(...aRun());
    await reporter.close();
    expect(lines(stdout.text()).at(-1)).toMatchObject({ type: 'summary', changed: 6 });
  });
});

test('a transfer is told once per percent', async () => {
  const { tell, reporter, stdout } = rig({ format: 'json' });
  for (let bytes = 0; bytes <= 100_000; bytes += 10)
    tell({ type: 'download', artifact: 'a', bytes, total: 100_000 });
  await reporter.close();
  expect(lines(stdout.text())).toHaveLength(101);
});
