import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/resources/step.ts';
import { look, runSteps } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const run = (script: string): Step => ({ op: 'run', title: 'a command', script });

describe.each(shells)('units and packages, with $name as sh', (shell) => {
  describe('units', () => {
    const unitFile =
      '[Service]\nExecStart=/usr/local/bin/program\nEnvironmentFile=-/var/lib/k8s-bootstrap/revisions/a.service\n';
    const restart: Step = { op: 'unit', verb: 'restart', unit: 'a.service', inputs: ['/etc/input'] };

    function withUnit(): RootedHost {
      const host = rootedHost(shell);
      host.write('/usr/local/bin/program', 'x', 0o755);
      host.write('/etc/systemd/system/a.service', unitFile);
      host.write('/etc/input', 'one');
      return host;
    }

    it('start with the revision of their inputs, which the probe then finds in the process', async () => {
      const host = withUnit();
      const state = async (): Promise<{ same: boolean | undefined; revision: string | undefined }> => {
        const unit = (
          await look(host.session(), [{ kind: 'unit', key: 'a.service', inputs: ['/etc/input'] }])
        ).unit('a.service');
        return { same: unit && unit.runningRevision === unit.diskRevision, revision: unit?.runningRevision };
      };
      expect((await runSteps(host.session(), [restart])).marks).toEqual(['begin 0', 'ok 0']);
      const first = await state();
      expect(first).toEqual({ same: true, revision: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
      host.write('/etc/input', 'two');
      expect(await state()).toEqual({ same: false, revision: first.revision });
      await runSteps(host.session(), [restart]);
      expect((await state()).same).toBe(true);
      expect((await state()).revision).not.toBe(first.revision);
    });

    it('say why they do not start', async () => {
      const host = withUnit();
      host.setState('fail/a.service', '');
      host.setState('journal/a.service', 'bind: address already in use\n');
      const result = await runSteps(host.session(), [restart, run('touch /etc/later')]);
      expect(result.marks).toEqual(['begin 0', 'fail 0 1']);
      expect(result.stderr).toContain('bind: address already in use');
      expect(host.read('/etc/later')).toBeUndefined();
      host.clearState('fail/a.service');
      expect((await runSteps(host.session(), [restart])).code).toBe(0);
    });

    it('that wait for others as they start are left to the gates', async () => {
      const host = withUnit();
      host.setState('hurry', '20'); // 10 s become half a second
      host.setState('slow/a.service', '200');
      const result = await runSteps(host.session(), [restart, run('touch /etc/later')]);
      expect(result.marks).toEqual(['begin 0', 'ok 0', 'begin 1', 'ok 1']);
      expect(host.state('units/a.service/active')).toBe('activating');
    });

    it('are enabled, disabled, masked, unmasked, stopped and started', async () => {
      const host = withUnit();
      const verbs = ['enable', 'start', 'mask', 'unmask', 'stop', 'disable'] as const;
      const result = await runSteps(
        host.session(),
        verbs.map((verb) => ({ op: 'unit', verb, unit: 'a.service' })),
      );
      expect(result.marks.at(-1)).toBe('ok 5');
      const masked = await runSteps(host.session(), [
        { op: 'unit', verb: 'mask', unit: 'a.service' },
        { op: 'unit', verb: 'start', unit: 'a.service' },
      ]);
      expect(masked.marks.at(-1)).toBe('fail 1 1');
    });
  });

  describe('packages', () => {
    it.each(['yum', 'apt'] as const)('come from %s, all at once', async (manager) => {
      const host = rootedHost(shell, { family: manager === 'yum' ? 'centos' : 'debian' });
      for (const name of ['socat', 'docker', 'libstdc++']) host.setState(`repo/${name}`, '1.0-1');
      const install = (...names: string[]): Step => ({ op: 'packages', manager, names, environment: [] });
      expect((await runSteps(host.session(), [install('socat', 'libstdc++')])).code).toBe(0);
      const installed = ['socat', 'libstdc++', 'docker'].map((name) => host.state(`packages/${name}`));
      expect(installed).toEqual(['1.0-1', '1.0-1', '']);
      const missing = await runSteps(host.session(), [install('docker', 'sokat')]);
      expect(missing.marks).toEqual(['begin 0', `fail 0 ${manager === 'yum' ? 1 : 100}`]);
      expect(missing.stderr).toMatch(/sokat/);
      expect(host.list('/var/lib/k8s-bootstrap').filter((path) => path.startsWith('tmp/'))).toEqual([]);
    });

    it.each(['yum', 'apt'] as const)('come to %s through a proxy', async (manager) => {
      const host = rootedHost(shell, { family: manager === 'yum' ? 'centos' : 'debian' });
      host.setState('repo/socat', '1.0-1');
      const environment = [['http_proxy', "http://proxy.example.com:3128/it's"]] as const;
      const step: Step = { op: 'packages', manager, names: ['socat'], environment };
      expect((await runSteps(host.session(), [step])).code).toBe(0);
      expect(host.state(manager)).toContain("through http://proxy.example.com:3128/it's");
    });
  });
});
