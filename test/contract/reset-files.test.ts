import { describe, expect, it } from 'vitest';
import { forget, withoutEdits, withoutFiles, withoutTraces } from '../../src/commands/reset/scripts/files.ts';
import { BEFORE, beforeOf, beforeWatch } from '../../src/resources/before.ts';
import { bytes } from '../../src/resources/content.ts';
import type { Attributes, Step } from '../../src/resources/step.ts';
import { look, runSteps } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const ROOT: Attributes = { mode: '0644', owner: 'root', group: 'root' };
const STATE = '/var/lib/k8s-bootstrap';

const write = (path: string, content: string, mode = '0644'): Step => ({
  op: 'write',
  path,
  content: bytes(content),
  attributes: { ...ROOT, mode },
});
const folder = (path: string, attributes = { ...ROOT, mode: '0755' }): Step => ({
  op: 'directory',
  path,
  attributes,
});
const run = (script: string): Step => ({ op: 'run', title: 'a step', script });

const noted = async (host: RootedHost): Promise<string[]> =>
  beforeOf(await look(host.session(), [beforeWatch])).map(
    ({ kind, key, value }) => `${kind} ${key} ${value}`,
  );

/** What a reset runs of its scripts, by what is written down. */
async function reset(host: RootedHost): Promise<{ code: number; stderr: string; left: string[] }> {
  const before = beforeOf(await look(host.session(), [beforeWatch]));
  const of = (kind: string): typeof before => before.filter((entry) => entry.kind === kind);
  const edited = of('edited').map(({ key, value }) => ({ path: key, sum: value }));
  const made = of('made').map(({ key }) => key);
  const { code, stderr } = await runSteps(host.session(), [
    run(withoutFiles),
    run(withoutEdits(edited)),
    run(withoutTraces(made.toSorted().toReversed())),
  ]);
  const left = (host.read(`${STATE}/left`) ?? '').split('\n').filter(Boolean);
  const packages = of('package').map(({ key }) => key);
  if (code === 0) await runSteps(host.session(), [run(forget('yum', packages))]);
  return { code, stderr, left };
}

describe.each(shells)('a reset with $name as sh', (shell) => {
  it('leaves a host as it was before the first run, also when it is cut short and done again', async () => {
    const host = rootedHost(shell);
    host.write('/etc/docker/daemon.json', 'theirs', 0o640);
    host.write('/etc/cni/net.d/other.conf', 'another network');
    host.write('/etc/sysctl.conf', 'old\n');
    const was = host.list('/etc');
    await runSteps(host.session(), [
      write('/etc/docker/daemon.json', 'ours'),
      write('/etc/made/by/us.conf', 'ours'),
      folder('/etc/cni', { ...ROOT, mode: '0700' }),
      folder('/opt/cni/bin'),
      { op: 'link', path: '/etc/link', target: 'cni' },
      run(`p=/etc/sysctl.conf; o=$S/originals$p; mkdir -p "\${o%/*}"; cp -a $p $o; echo new > $p; edited $p`),
    ]);
    // The first run is cut short when all files are back, and the manifest is still there.
    await runSteps(host.session(), [run(withoutFiles.slice(0, withoutFiles.lastIndexOf('entries | while')))]);
    expect(await reset(host)).toMatchObject({ code: 0, left: [] });
    expect(host.list('/etc')).toEqual(was);
    expect([host.read('/etc/docker/daemon.json'), host.modeOf('/etc/docker/daemon.json')]).toEqual([
      'theirs',
      '0640',
    ]);
    expect([host.read('/etc/cni/net.d/other.conf'), host.read('/etc/sysctl.conf')]).toEqual([
      'another network',
      'old\n',
    ]);
    expect(host.modeOf('/etc/cni')).toBe('0755');
    expect(host.list('/').filter((path) => path.includes('k8s-bootstrap'))).toEqual([]);
  });

  it('keeps what somebody has changed or put there, and tells of it', async () => {
    const host = rootedHost(shell);
    await runSteps(host.session(), [
      write('/etc/changed.conf', 'ours'),
      write('/etc/key', 'ours', '0600'),
      folder('/etc/full'),
      run(`echo new > /etc/hostname; edited /etc/hostname`),
    ]);
    host.write('/etc/changed.conf', 'changed');
    host.write('/etc/key', 'another secret', 0o600);
    host.write('/etc/full/theirs', 'x');
    host.write('/etc/hostname', 'newer');
    expect((await reset(host)).left.toSorted()).toEqual([
      '/etc/changed.conf was changed by somebody: kept as /var/lib/k8s-bootstrap/changed/etc/changed.conf',
      '/etc/full is not empty',
      '/etc/hostname was edited by somebody since: stays',
    ]);
    expect([host.read('/etc/changed.conf'), host.read('/etc/key'), host.read('/etc/full/theirs')]).toEqual([
      undefined,
      undefined,
      'x',
    ]);
    expect(host.read('/etc/hostname')).toBe('newer');
  });

  it('knows the packages that it leaves until they are removed, through further runs and resets', async () => {
    const host = rootedHost(shell);
    host.write('/proc/sys/net/ipv4/ip_forward', '0\n');
    host.setState('repo/socat', '1');
    host.setState('repo/docker', '1');
    const up = async (...names: string[]): Promise<unknown> =>
      runSteps(host.session(), [
        write('/etc/ours.conf', 'ours'),
        ...names.map((name): Step => ({ op: 'packages', manager: 'yum', names: [name], environment: [] })),
      ]);
    await up('socat', 'docker');
    await reset(host);
    expect(await noted(host)).toEqual(['package docker -', 'package socat -']);
    expect(host.list(STATE)).toEqual(['before']);
    // What was there is looked at anew by the next first run.
    host.write('/proc/sys/net/ipv4/ip_forward', '1\n');
    await up();
    expect(await noted(host)).toContain('sysctl net.ipv4.ip_forward 1');
    host.clearState('packages/docker');
    await reset(host);
    expect(await noted(host)).toEqual(['package socat -']);
    host.clearState('packages/socat');
    await reset(host);
    expect(host.list('/').filter((path) => path.includes('k8s-bootstrap'))).toEqual([]);
  });

  it('finds written down what was there before, once and ahead of the change', async () => {
    const host = rootedHost(shell);
    host.write('/etc/systemd/system/x.service', '[Service]\nExecStart=/usr/bin/sh\n');
    host.write('/proc/sys/net/ipv4/ip_forward', '0\n');
    host.write('/proc/sys/vm/swappiness', '60\n');
    host.setState('repo/socat', '1');
    host.setState('packages/known', '1');
    const unit = (verb: 'enable' | 'start' | 'stop'): Step => ({ op: 'unit', verb, unit: 'x.service' });
    const script = `was_sysctl vm.swappiness /proc/sys/vm/swappiness\necho 10 > /proc/sys/vm/swappiness`;
    for (let time = 0; time < 2; time += 1) {
      await runSteps(host.session(), [
        unit('enable'),
        unit('start'),
        folder('/etc/known/new'),
        run(script),
        { op: 'packages', manager: 'yum', names: ['socat'], environment: [] },
      ]);
    }
    expect(await noted(host)).toEqual([
      'sysctl net.ipv4.ip_forward 0',
      'unit x.service ActiveState=inactive UnitFileState=disabled',
      'made /etc/known -',
      'sysctl vm.swappiness 60',
      'package socat -',
    ]);
    expect(host.modeOf(BEFORE)).toBe('0600');
  });
});
