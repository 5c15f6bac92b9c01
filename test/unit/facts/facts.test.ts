import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname, machine, release } from 'node:os';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { factsOf, factsWatches, imagined, type HostFacts } from '../../../src/facts/facts.ts';
import { factsScript } from '../../../src/facts/facts-script.ts';
import { paths } from '../../../src/kernel/host-paths.ts';
import { parseProbe, probeScript } from '../../../src/probe/probe.ts';
import { scratch } from '../../support/ssh-target.ts';
import { sight } from '../phases/world.ts';

const folder = new URL('../../cases/facts/', import.meta.url);

/** As plain data, so that a case can be compared whole. */
const plain = (facts: HostFacts): unknown =>
  JSON.parse(
    JSON.stringify({
      ...facts,
      dockerOptions: Object.fromEntries(facts.dockerOptions),
      mtus: Object.fromEntries(facts.mtus),
    }),
  );

describe('what hosts say is understood', () => {
  for (const name of readdirSync(folder)) {
    const { output, expect: wanted } = load(readFileSync(new URL(name, folder), 'utf8')) as {
      output: string;
      expect: unknown;
    };
    it(name, () => {
      expect(plain(factsOf(sight({ facts: output.trim() })))).toEqual(wanted);
    });
  }

  it('knows firewalld by its unit', () => {
    const seen = sight({ units: { 'firewalld.service': { active: 'active' } } });
    expect(factsOf(seen).firewalld).toBe(true);
  });

  it('is total even when a host says nothing', () => {
    const facts = factsOf(sight({ facts: '' }));
    expect(facts).toMatchObject({
      family: 'other',
      prettyName: 'an unknown system',
      cpus: 0,
      diskFreeMiB: 0,
      routes: [],
    });
  });
});

describe('hosts that were not seen', () => {
  it('are taken for a fresh CentOS 7', () => {
    expect(factsOf(undefined)).toEqual(factsOf(imagined('centos')));
    expect(factsOf(undefined)).toMatchObject({
      family: 'centos',
      osVersion: '7',
      packageManager: 'yum',
      machine: 'x86_64',
      foreign: [],
    });
  });

  it('can be imagined as Debian', () => {
    expect(factsOf(imagined('debian'))).toMatchObject({
      family: 'debian',
      packageManager: 'apt',
      cgroups: 'v1',
      defaultInterface: 'eth0',
    });
  });
});

describe.each(['bash', 'dash'])('the question under %s', (shell) => {
  const ask = (): HostFacts => {
    const script = probeScript(factsWatches(), 'nonce', '192.0.2.11').replace(
      /^all=\$\(systemctl.*$/m,
      'all=',
    );
    const stdout = execFileSync(shell, ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    return factsOf(parseProbe(factsWatches(), 'nonce', stdout));
  };

  it('tells this machine as node sees it', () => {
    const facts = ask();
    expect(facts).toMatchObject({ machine: machine(), kernel: release(), hostname: hostname() });
    expect(Math.abs(facts.clock - Date.now() / 1000)).toBeLessThan(20);
    expect(facts.clock % 1).not.toBe(0);
    expect(facts.cpus).toBeGreaterThan(0);
    expect(facts.memoryMiB).toBeGreaterThan(100);
    expect(facts.diskFreeMiB).toBeGreaterThan(0);
    expect(facts.kernelArguments.join(' ')).toBe(
      readFileSync('/proc/cmdline', 'utf8').trim().replaceAll(/\s+/g, ' '),
    );
  });
});

it.each(['bash', 'dash'])('reads os-release as a shell would: under %s', (shell) => {
  const folder = scratch();
  const file = folder.file(
    'os-release',
    `# by hand\nID="debian" # odd\nID_LIKE="rhel fedora" \nVERSION_ID='12'\t\nPRETTY_NAME=Plain # one\nBAD ID=x`,
  );
  const text = factsScript.replace('/etc/os-release', file);
  const said = execFileSync(shell, ['-c', `D=${folder.path}/d\n${text}`], { encoding: 'utf8' });
  folder.remove();
  expect(said.split('\n').slice(0, 4)).toEqual([
    '== id debian',
    '== like rhel fedora',
    '== version 12',
    '== pretty Plain',
  ]);
});

it.each(['bash', 'dash'])('tells who changes a host now, and of nobody who did once: under %s', (shell) => {
  const folder = scratch();
  const owner = folder.file('lock.owner', 'ann@laptop (pid 7) since noon\nb0b\n');
  const lock = folder.file('lock', '');
  const text = factsScript.replaceAll(paths.lockOwner, owner).replaceAll(paths.lock, lock);
  const said = (before: string): string | undefined =>
    /^== workedOnBy (.*)$/m.exec(
      execFileSync(shell, ['-c', `D=${folder.path}/d\n${before}\n${text}`], { encoding: 'utf8' }),
    )?.[1];
  expect(said(`exec 9>>${lock}; flock 9`)).toBe('ann@laptop (pid 7) since noon');
  expect(said(':')).toBeUndefined();
  folder.remove();
});

it('prints the same under bash and dash', () => {
  const say = (shell: string): string =>
    execFileSync(shell, ['-c', `D=$(mktemp -u)\n${factsScript}\nrm "$D".*`], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => !/^\/dev|%|^LISTEN/.test(line))
      .join('\n');
  expect(say('dash')).toBe(say('bash'));
});
