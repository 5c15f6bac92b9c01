import { describe, expect, it } from 'vitest';
import type { Watch } from '../../src/probe/observe.ts';
import { ownUnit } from '../../src/resources/foreign/drop-ins.ts';
import { service } from '../../src/resources/service.ts';
import type { Change } from '../../src/resources/resource.ts';
import { wordsOf } from '../../src/run/diagnose.ts';
import { PATH_LINE } from '../../src/probe/probe.ts';
import { runScript } from '../../src/transport/feed.ts';
import { look, runSteps } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const UNIT = 'kubelet.service';
const FOLDER = `/etc/systemd/system/${UNIT}.d`;
const ORIGINALS = `/var/lib/k8s-bootstrap/originals${FOLDER}`;

const TEXT = `[Service]
EnvironmentFile=-/var/lib/k8s-bootstrap/revisions/${UNIT}
ExecStart=/usr/local/bin/kubelet
`;

async function hostWithUnit(shell: (typeof shells)[number]): Promise<RootedHost> {
  const host = rootedHost(shell);
  host.write('/usr/local/bin/kubelet', '', 0o755);
  await up(host);
  return host;
}

/** What a plan says of the unit, and what is left to say after it was done. */
async function up(host: RootedHost, accepted: readonly string[] = []): Promise<Change[]> {
  const resources = [
    ...ownUnit({ unit: UNIT, content: TEXT, accepted }),
    service({ unit: UNIT, restartOn: [`drop-ins:${UNIT}.d`], inputs: [] }),
  ];
  const watches = resources.flatMap((resource) => resource.watches as Watch[]);
  const session = host.session();
  const seen = await look(session, watches);
  const upstream = new Map<string, Change>();
  for (const resource of resources) {
    const change = resource.diff(seen, upstream);
    if (change.kind === 'none') continue;
    upstream.set(resource.id, change);
    const { marks, stderr } = await runSteps(session, await resource.steps(change, seen));
    expect(
      marks.filter((mark) => mark.startsWith('fail')),
      stderr,
    ).toEqual([]);
  }
  const after = await look(session, watches);
  expect(resources.map((one) => one.diff(after, new Map()).kind)).toEqual(['none', 'none', 'none']);
  return [...upstream.values()];
}

describe.each(shells)('drop-ins over a unit of ours, with $name as sh', (shell) => {
  it.each(['that systemd has read', 'that it has not'])('go, and are kept: one %s', async (which) => {
    const host = await hostWithUnit(shell);
    host.write(`${FOLDER}/override.conf`, '[Service]\nExecStart=\n');
    if (which.endsWith('read')) {
      await runSteps(host.session(), [{ op: 'run', title: 'reload', script: 'systemctl daemon-reload' }]);
    }
    const [gone, restarted] = await up(host);
    expect(gone).toEqual({
      kind: 'delete',
      summary: `${FOLDER}/override.conf: not in os.acceptDropIns`,
    });
    expect(restarted).toMatchObject({
      kind: 'restart',
      because: expect.arrayContaining([`${UNIT}.d changes`]) as string[],
    });
    expect(host.read(`${FOLDER}/override.conf`)).toBeUndefined();
    expect(host.read(`${ORIGINALS}/override.conf`)).toBe('[Service]\nExecStart=\n');
  });

  it('are kept each, when another is put there after one has gone', async () => {
    const host = await hostWithUnit(shell);
    for (const text of ['first', 'second', 'first']) {
      host.write(`${FOLDER}/override.conf`, text);
      await up(host);
    }
    const kept = ['', '.1', '.2'].map((end) => host.read(`${ORIGINALS}/override.conf${end}`));
    expect(kept).toEqual(['first', 'second', undefined]);
  });

  it('stay where the inventory accepts them, and are loaded', async () => {
    const host = await hostWithUnit(shell);
    const path = `${FOLDER}/limits.conf`;
    host.write(path, '[Service]\nLimitNOFILE=1\n');
    expect(await up(host, [path])).toEqual([
      {
        kind: 'restart',
        summary: 'restart',
        because: ['its unit file is newer than what systemd has loaded'],
        interrupts: true,
      },
    ]);
    expect(host.read(path)).toContain('LimitNOFILE');
  });

  it('are named when the unit does not start', async () => {
    const host = await hostWithUnit(shell);
    const said = async (): Promise<string> =>
      (await runScript(host.session(), { script: `${PATH_LINE}\n${wordsOf([UNIT])}` })).stdout.toString(
        'utf8',
      );
    expect(await said()).toBe(`-- active ${UNIT}\n`);
    host.write(`${FOLDER}/override.conf`, '');
    await runSteps(host.session(), [{ op: 'run', title: 'reload', script: 'systemctl daemon-reload' }]);
    expect(await said()).toBe(`-- active ${UNIT}\n-- changed by ${FOLDER}/override.conf\n`);
  });

  it('with a name that is none are not touched, but told', async () => {
    const host = await hostWithUnit(shell);
    host.write(`${FOLDER}/a\n\nMainPID=1 b.conf`, '');
    await expect(up(host)).rejects.toThrow(`a drop-in of ${UNIT} has no plain name: ${FOLDER}/?.conf`);
  });
});
