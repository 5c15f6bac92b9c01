import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostFile } from '../../src/templates/host-files.ts';
import { scratch } from '../support/ssh-target.ts';
import { shells } from '../support/shells.ts';

const folder = scratch();
const [OWN, ...OTHERS] = ['m1', 'm2', 'm3'].map((name) => `https://${name}:6443/healthz`) as [
  string,
  ...string[],
];

/** `curl` that finds those well which are named in `$WELL`. */
beforeAll(() => {
  const curl = `echo "$*" >> "$CALLS"
for url; do :; done
case " $WELL " in *" $url "*) exit 0 ;; *) exit 22 ;; esac`;
  chmodSync(folder.file('curl', `#!/bin/sh\n${curl}\n`), 0o755);
});
afterAll(() => {
  folder.remove();
});

describe.each(shells)('the check of keepalived in $name', ({ path }) => {
  function check(what: 'own' | 'others', well: readonly string[], others = OTHERS) {
    const words = [what, '/ca', '/crt', '/key', OWN, ...(what === 'others' ? others : [])];
    const script = folder.file(
      'check.sh',
      hostFile('keepalived-check.sh').replace(/^PATH=/m, `PATH=${folder.path}:`),
    );
    const calls = folder.file('calls', '');
    const { status } = spawnSync(path, [script, ...words], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', WELL: well.join(' '), CALLS: calls },
    });
    return { status, calls: readFileSync(calls, 'utf8').trim().split('\n') };
  }

  it.each([
    ['its own is well', [OWN], 0, 0],
    ['all are', [OWN, ...OTHERS], 0, 0],
    ['that of another alone is', [OTHERS[1] ?? ''], 1, 1],
    ['none is: where the address is, it stays', [], 1, 0],
  ])('when %s', (_when, well, priority, fault) => {
    expect(check('own', well).status === 0).toBe(priority === 0);
    expect(check('others', well).status === 0).toBe(fault === 0);
  });

  it('has no others to leave it to on the only master', () => {
    expect(check('others', [], []).status).toBe(0);
  });

  it('asks others only when it has to, each with the certificate and never for long', () => {
    expect(check('others', [OWN]).calls).toHaveLength(1);
    expect(check('own', OTHERS).calls).toHaveLength(1);
    const { calls } = check('others', []);
    expect(calls.map((call) => call.split(' ').at(-1)).toSorted()).toEqual([OWN, ...OTHERS]);
    for (const call of calls) expect(call).toMatch(/--max-time 2 .*--cacert \/ca --cert \/crt --key \/key /);
  });
});
