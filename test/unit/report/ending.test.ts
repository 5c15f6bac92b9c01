import { describe, expect, test } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { aSummary, rig } from './support.ts';
import type { Untimed } from './support.ts';

type Started = Extract<Untimed, { type: 'run.started' }>;

const started = (more: Partial<Started> = {}): Untimed => ({
  type: 'run.started',
  command: 'up',
  cluster: 'c',
  hosts: ['m1', 'w1'],
  ...more,
});
const broken = new BootstrapError('E_GATE', 'etcd is healthy: no answer after 60 s\n-- failed etcd.service', {
  where: { host: 'm1', phase: 'etcd', unit: 'etcd.service' },
  cause: new TypeError('socket closed'),
});
const failed: Untimed = { type: 'host.failed', host: 'm1', phase: 'etcd', error: broken };
const summary: Untimed = { type: 'summary', ...aSummary({ failed: 1, hosts: [] }) };

/** Both streams as one, in the order of what came. */
async function told(format: 'plain' | 'tty', events: readonly Untimed[]): Promise<string> {
  const { reporter, tell, stdout, stderr } = rig({
    format,
    ...(format === 'tty' && { terminal: { columns: 100 } }),
  });
  tell(...events);
  await reporter.close();
  return stderr.text() + stdout.text();
}

const times = (text: string, part: string): number => text.split(part).length - 1;

describe.each(['plain', 'tty'] as const)('a failed up, %s', (format) => {
  test('tells an error of a host once, also when it ends the run', async () => {
    const text = await told(format, [
      started(),
      failed,
      summary,
      { type: 'run.failed', error: broken.at({ host: 'm1' }) },
    ]);
    expect(times(text, 'no answer after 60 s')).toBe(1);
    expect(text).toContain('error E_GATE: the run ends here: it cannot do without m1 (see above)');
  });

  test('tells the cause of an error once', async () => {
    const error = new BootstrapError('E_UNREACHABLE', 'm1 cannot be reached', { cause: broken });
    const text = await told(format, [started(), failed, { type: 'run.failed', error }, summary]);
    expect([times(text, 'no answer after 60 s'), times(text, 'socket closed')]).toEqual([1, 1]);
    expect(text).toContain('error E_UNREACHABLE: m1 cannot be reached');
  });

  test('tells each finding of the preflight once', async () => {
    const message = 'port 6443 is in use by python3';
    const hint = 'Stop it.';
    const finding: Untimed = { type: 'preflight', host: 'm1', check: 'ports', level: 'error', message, hint };
    const text = `not fit for this:\nm1: ${message} [ports]\n    ${hint}`;
    const error = new BootstrapError('E_PREFLIGHT', text, { hint: 'Nothing was changed.' });
    const all = await told(format, [started(), finding, { type: 'run.failed', error }, summary]);
    expect([times(all, message), times(all, hint)]).toEqual([1, 1]);
    expect(all).toContain('error E_PREFLIGHT: not fit for this: see above\n  hint: Nothing was changed.');
    const alone = await told(format, [started(), { type: 'run.failed', error }, summary]);
    expect([times(alone, message), times(alone, hint)]).toEqual([1, 1]);
  });

  test('tells of a host that was refused that it is unfit, and of the others that they are not', async () => {
    const message = 'belongs to the cluster "a", not to "c"';
    const finding: Untimed = {
      type: 'preflight',
      host: 'm1',
      check: 'foreign-host',
      level: 'error',
      message,
    };
    const ignored: Untimed = { ...finding, host: 'w1', check: 'memory', message: 'has little memory' };
    const error = new BootstrapError('E_FOREIGN_HOST', `not fit:\nm1: ${message} [foreign-host]`);
    const host = { changed: 0, failed: false, connections: 1, execs: 1, restarted: [], seconds: 0 };
    const hosts = ['m1', 'w1'].map((name) => ({ ...host, name }));
    const end: Untimed = { type: 'summary', ...aSummary({ failed: 0, hosts }) };
    const text = await told(format, [started(), finding, ignored, { type: 'run.failed', error }, end]);
    expect([...text.matchAll(/^(m1|w1) +(\w+) +0 /gm)].map(([, ...cells]) => cells)).toEqual([
      ['m1', 'unfit'],
      ['w1', 'ok'],
    ]);
  });

  test('says nothing of another run after what that cannot mend', async () => {
    const error = new BootstrapError('E_AUTH', 'm1 does not let root in');
    const text = await told(format, [
      started(),
      { type: 'host.failed', host: 'm1', error },
      { type: 'run.failed', error },
      summary,
    ]);
    expect(text).not.toContain('Next:');
  });

  test('ends with what helps, after the error that ended it', async () => {
    const { reporter, tell, stdout } = rig({
      format,
      ...(format === 'tty' && { terminal: { columns: 100 } }),
    });
    tell(started({ inventory: "my lab's.yaml" }), failed, summary, { type: 'run.failed', error: broken });
    expect(stdout.text()).toBe('');
    await reporter.close();
    expect(stdout.text()).toMatch(
      /\n\nNext:\n {2}k8s-bootstrap logs etcd m1 -i 'my lab'\\''s.yaml'\n {2}k8s-bootstrap status -i 'my lab'\\''s.yaml'\n {2}k8s-bootstrap up 'my lab'\\''s.yaml'\n$/,
    );
  });
});

describe('Next', () => {
  const next = async (events: readonly Untimed[]): Promise<string | undefined> =>
    (await told('plain', events)).split('\nNext:\n')[1];
  const good = aSummary({ failed: 0, kubeconfig: '/s/admin.conf', hosts: [] });

  test('needs no inventory that is found anyway, and names at most three journals', async () => {
    const failures = ['m1', 'w1', 'w2', 'w3'].map((host): Untimed => ({
      type: 'host.failed',
      host,
      error: new BootstrapError('E_GATE', host, { where: { host, unit: 'kubelet.service' } }),
    }));
    expect(await next([started(), ...failures, ...failures, summary])).toBe(
      [
        ...['m1', 'w1', 'w2'].map((host) => `  k8s-bootstrap logs kubelet ${host}\n`),
        '  k8s-bootstrap status\n  k8s-bootstrap up\n',
      ].join(''),
    );
  });

  test('of a good run recommends the kubectl that is there', async () => {
    const withKubectl = (kubectl: string | null): Promise<string | undefined> =>
      next([started({ inventory: 'lab.yaml' }), { type: 'summary', ...good, kubectl }]);
    expect(await withKubectl('/s t/bin/kubectl')).toBe(
      [
        'export KUBECONFIG=/s/admin.conf',
        "'/s t/bin/kubectl' get nodes -o wide",
        "'/s t/bin/kubectl' get pods --all-namespaces",
        'k8s-bootstrap status -i lab.yaml',
        '',
      ]
        .map((line) => line && `  ${line}`)
        .join('\n'),
    );
    const without = await withKubectl(null);
    expect(without).not.toMatch(/^ *kubectl/m);
    expect(without).toContain('# kubectl is not on the PATH');
    expect(without).toContain('controllerKubectl: true');
  });

  test('of a run that failed as a whole does not pretend that there is a cluster', async () => {
    const ended = await next([
      started(),
      { type: 'summary', ...good },
      { type: 'run.failed', error: new BootstrapError('E_LOCKED', 'busy') },
    ]);
    expect(ended).toBe('  k8s-bootstrap status\n  k8s-bootstrap up\n');
  });
});
