import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firewalldQuestion, readFirewalld } from '../../src/resources/network/firewalld.ts';
import { shells } from '../support/shells.ts';
import { zoneSettings } from '../support/zone-settings.ts';
import { scratch } from '../support/ssh-target.ts';

const folder = scratch();

/** One address, as the facts leave it, and `dbus-send` that answers as firewalld's in a zone of its own making. */
beforeAll(() => {
  folder.file(
    'probe.network',
    '1: lo    inet 127.0.0.1/8 scope host lo\n2: eth1    inet 192.0.2.11/24 scope global eth1\n',
  );
  const bus = `echo "$*" >> "$CALLS"
case $* in
  *.getActiveZones) printf '   array [\\n%s\\n   ]\\n' "$ACTIVE" ;;
  *.getDefaultZone) echo '   public' ;;
  *"--print-reply "*.getZoneSettings*) cat "$SETTINGS" ;;
  *) printf '   array [\\n   ]\\n' ;;
esac`;
  chmodSync(folder.file('dbus-send', `#!/bin/sh\n${bus}\n`), 0o755);
});
afterAll(() => {
  folder.remove();
});

const zone = (name: string, kind: string, value: string): string =>
  `dict entry(\n ${name}         array [\n dict entry(\n ${kind}   array [\n ${value}  ]\n )\n ]\n )`;

describe.each(shells)('firewalld is asked in $name', ({ path }) => {
  function ask({ ip = '192.0.2.11', runs = true, active = '' }) {
    const calls = folder.file('calls', '');
    const running = runs ? ' sshd.service firewalld.service' : ' sshd.service';
    const { status, stdout } = spawnSync(path, ['-c', firewalldQuestion], {
      encoding: 'utf8',
      env: {
        PATH: `${folder.path}:/usr/bin:/bin`,
        ACTIVE: active,
        CALLS: calls,
        SETTINGS: folder.file('settings', zoneSettings({ ports: ['6443/tcp'] })),
        D: folder.file('probe', ''),
        IP: ip,
        running,
      },
    });
    return { status, state: readFirewalld(stdout), calls: readFileSync(calls, 'utf8').trim().split('\n') };
  }

  it('only when it runs, for a question would start it', () => {
    const { status, state, calls } = ask({ runs: false });
    expect([status, state, calls]).toEqual([0, undefined, ['']]);
  });

  it('for the zone that the interface is in', () => {
    const { state, calls } = ask({
      active: [zone('work', 'interfaces', 'eth0'), zone('home', 'interfaces', 'eth1')].join('\n'),
    });
    expect(state?.zone).toBe('home');
    expect(state?.runtime.ports).toEqual(new Set(['6443/tcp']));
    expect(calls).toContainEqual(expect.stringMatching(/D1[.]getZoneSettings string:home$/));
    // Each is a process.
    expect(calls).toHaveLength(3);
  });

  it.each([
    ['in none', '192.0.2.11', zone('work', 'interfaces', 'eth0')],
    ['a source of another', '192.0.2.11', zone('work', 'sources', 'eth1')],
    ['not there', '192.0.2.99', zone('work', 'interfaces', 'eth1')],
  ])('for the default zone when the interface is %s', (_what, ip, active) => {
    expect(ask({ ip, active }).state?.zone).toBe('public');
  });

  it('for what the zone "trusted" trusts', () => {
    const active = [zone('trusted', 'interfaces', 'cni0'), zone('work', 'sources', '192.0.2.0/24')].join(
      '\n',
    );
    const runtime = ask({ active }).state?.runtime;
    expect(runtime?.trustedInterfaces).toEqual(new Set(['cni0']));
    expect(runtime?.trustedSources).toEqual(new Set());
  });
});
