import { describe, expect, it } from 'vitest';
import { paths } from '../../src/kernel/host-paths.ts';
import { courseOf } from '../../src/commands/plan/script/course.ts';
import { HostFiles } from '../../src/commands/plan/script/files.ts';
import { functionsFile, waitScript, workScript } from '../../src/commands/plan/script/host-script.ts';
import { isEmpty } from '../../src/plan/plan.ts';
import type { Stage } from '../../src/plan/stage.ts';
import { file } from '../../src/resources/file.ts';
import { runScript } from '../../src/transport/feed.ts';
import { everything, fresh, on, up } from '../support/one-host.ts';
import { makePlan, watchesOf } from '../support/planning.ts';
import { look } from '../support/probing.ts';
import type { RootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const HERE = '/root/k8s-bootstrap';
const SCRIPT = { host: 'm1', ip: '192.0.2.11', name: '01-all.sh', title: 'all' };

/** Runs a script as on a host: who it is and where is what these commands say. */
async function run(
  host: RootedHost,
  script: string,
  address = SCRIPT.ip,
): Promise<{ code: number; said: string }> {
  const told = `id() { echo 0; }\nip() { echo "inet ${address}/24"; }\n`;
  const whole = script
    .replace(/^here=.*$/m, `here=${HERE}`)
    .replace(/^\. "\$here\/functions\.sh"$/m, () => `${told}${functionsFile()}`);
  const { code, stdout, stderr } = await runScript(host.session(), { script: whole });
  return { code, said: `${stdout.toString()}${stderr.toString()}` };
}

/** The scripts of a plan for the host, with what they read put there. */
async function scriptsFor(host: RootedHost, stages: readonly Stage[]): Promise<string[]> {
  const observed = await look(host.session(), watchesOf(stages).get('m1') ?? []);
  const seen = new Map([['m1', observed]]);
  const { steps } = courseOf({ stages, seen, real: seen, touches: () => true });
  const files = new HostFiles((text) => text);
  const scripts: string[] = [];
  for (const { work, waits } of steps) {
    for (const one of work) scripts.push(await workScript(SCRIPT, one, observed, files));
    for (const one of waits) scripts.push(waitScript(SCRIPT, one));
  }
  for (const [path, entry] of files.entries) {
    if (!('text' in entry)) throw new Error(`${path} is no text`);
    host.write(`${HERE}/${path}`, entry.text, entry.mode);
  }
  return scripts;
}

const waiting = (condition: string): Stage =>
  on('one', [file({ path: '/etc/one', content: 'one\n' })], {
    gates: () => [
      {
        title: 'it is one',
        at: 'm1',
        watches: [],
        judge: () => 'no',
        condition,
        timeoutSeconds: 1,
        units: [],
      },
    ],
  });

describe.each(shells)('scripts of a plan, run by $name as sh', (shell) => {
  it('bring a host to where nothing is left to do, for a run as well', async () => {
    const host = fresh(shell);
    const scripts = await scriptsFor(host, everything());
    for (const script of scripts) {
      expect(script).not.toContain('very secret');
      expect(await run(host, script)).toMatchObject({ code: 0 });
    }
    expect(host.read('/etc/etcd/etcd.key')).toBe('very secret');
    expect([host.modeOf('/etc/etcd/etcd.key'), host.ownerOf('/etc/etcd/etcd.key')]).toEqual([
      '0600',
      'etcd:etcd',
    ]);
    const seen = await look(host.session(), watchesOf(everything()).get('m1') ?? []);
    expect(isEmpty(makePlan(everything(), new Map([['m1', seen]])))).toBe(true);
    const { plan, summary } = await up(host, everything());
    expect(isEmpty(plan)).toBe(true);
    expect(summary).toMatchObject({ changed: 0, restarted: [] });
  });

  it('change what is there, and restart by it, as a run does', async () => {
    const host = fresh(shell);
    await up(host, everything());
    for (const script of await scriptsFor(host, everything('--y'))) await run(host, script);
    expect(host.state('started').split('\n')).toEqual(['etcd.service', 'etcd.service']);
    expect(isEmpty((await up(host, everything('--y'))).plan)).toBe(true);
  });

  it('end at the first step that fails, and say at which', async () => {
    const host = fresh(shell);
    const [first = ''] = await scriptsFor(host, [
      on('two', [
        file({ path: '/etc/a', content: 'a', check: 'false' }),
        file({ path: '/etc/b', content: 'b' }),
      ]),
    ]);
    const { code, said } = await run(host, first);
    expect(code).toBe(1);
    expect(said).toContain('stopped with code 1 at: write /etc/a');
    expect([host.read('/etc/a'), host.read('/etc/b')]).toEqual([undefined, undefined]);
  });

  it('are for one host, and for nobody while another is at work there', async () => {
    const host = fresh(shell);
    const [first = ''] = await scriptsFor(host, [on('one', [file({ path: '/etc/a', content: 'a' })])]);
    const elsewhere = await run(host, first, '192.0.2.110');
    expect(elsewhere).toMatchObject({ code: 64, said: expect.stringContaining('this is not m1') as string });
    const held = `exec 9>>${paths.lock}; flock -n 9; echo 'up of somebody' > ${paths.lockOwner}\n`;
    const locked = await run(
      host,
      first.replace('take_locks', `mkdir -p /var/lib/k8s-bootstrap; ${held}take_locks`),
    );
    expect(locked).toMatchObject({ code: 75, said: expect.stringContaining('by up of somebody') as string });
    expect(host.read('/etc/a')).toBeUndefined();
    expect(host.read(paths.lockOwner)).toBe('up of somebody\n');
    expect(await run(host, first)).toMatchObject({ code: 0 });
    expect(host.read(paths.lockOwner)).toBeUndefined();
  });

  it('wait for what a gate waits for, and no longer', async () => {
    const host = fresh(shell);
    const [work = '', wait = ''] = await scriptsFor(host, [waiting('grep one /etc/one')]);
    const early = await run(host, wait);
    expect(early).toMatchObject({
      code: 1,
      said: expect.stringContaining('not within 1 s: it is one') as string,
    });
    await run(host, work);
    expect(await run(host, wait)).toMatchObject({ code: 0 });
  });
});
