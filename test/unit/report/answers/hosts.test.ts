import { describe, expect, it } from 'vitest';
import type { HostStatus } from '../../../../src/answers/hosts.ts';
import { logsText } from '../../../../src/report/answers/logs.ts';
import { statusText } from '../../../../src/report/answers/status.ts';
import { trustText } from '../../../../src/report/answers/trust.ts';
import { coloured, plainly, verbosely } from './how.ts';
import { samples } from './samples.ts';

it('lines of a journal are padded to the longest name', () => {
  expect(logsText(samples.logs, { hosts: ['m1', 'node10'] })).toBe(
    '2026-01-02T03:04:05.678Z  m1      etcd[12]: ready\n',
  );
});

describe('status', () => {
  const good: HostStatus = {
    ...samples.status.hosts[0]!,
    health: [{ check: 'etcd is healthy', missing: null }],
    drift: [],
    problems: [],
  };
  const bad: HostStatus = {
    ...good,
    host: 'w1',
    components: [{ unit: 'kubelet.service', state: 'failed', atBoot: true, since: null, changedBy: [] }],
    drift: [{ phase: 'kubelet', change: 'restart kubelet.service', summary: 'start' }],
    problems: ['kubelet.service is failed'],
  };
  const lost = { ...good, host: 'w2', reached: false, problems: ['cannot be looked at'] };

  it('is one line a host', () => {
    expect(statusText({ well: true, hosts: [good], watched: null }, plainly)).toBe(
      [
        'HOST  ROLES         COMPONENTS  HEALTH    CERTIFICATES  DRIFT',
        'm1    master, etcd  all 1 ok    all 1 ok  1094 days     none',
        '',
        'All is well on 1 host.',
        '',
      ].join('\n'),
    );
  });

  it('ends with what is off', () => {
    const text = statusText({ well: false, hosts: [good, bad, lost], watched: null }, verbosely);
    expect(text).toContain('w1    master, etcd  0 of 1 ok    all 1 ok  1094 days     1 change\n');
    expect(text).toContain('w2    master, etcd  not reached\n');
    expect(text).toContain('\nw1: kubelet.service is failed\nw2: cannot be looked at\n2 problems.');
    expect(text).toMatch(/m1 +etcd[.]service +active +at boot +since Sun 2026-11-29 12:00:00 UTC\n/);
    expect(text).toMatch(
      /m1 +etcd[.]service +changed by +\/etc\/systemd\/system\/etcd[.]service[.]d\/x[.]conf\n/,
    );
    expect(text).toMatch(/m1 +\/etc\/old[.]conf +left over +"up --prune"/);
    expect(text).toMatch(/w1 +kubelet[.]service +failed +at boot\n/);
  });

  it('says when it is looked again, and marks what moved', () => {
    const moved = { m1: ['health'], w2: ['reached'] } as const;
    const watched = { at: '2026-11-29T12:00:05.000Z', everySeconds: 5, moved, trouble: null };
    const text = statusText({ well: false, hosts: [good, lost], watched }, plainly);
    expect(text.split('\n').slice(0, 5)).toEqual([
      'At 12:00:05 UTC, every 5 s; what moved has a *, Ctrl-C ends it.',
      '',
      'HOST  ROLES         COMPONENTS    HEALTH     CERTIFICATES  DRIFT',
      'm1    master, etcd  all 1 ok      all 1 ok*  1094 days     none',
      'w2    master, etcd  not reached*',
    ]);
  });

  it('shows in colour what is off', () => {
    const text = statusText({ well: false, hosts: [good, lost], watched: null }, coloured);
    expect(text.match(/<.*>/g)).toEqual([
      '<red>not reached</red>',
      '<yellow>w2: cannot be looked at</yellow>',
    ]);
  });
});

it('keys that were all known need nothing', () => {
  const [key] = samples.trust.hosts;
  const text = trustText({ hosts: [{ ...key!, state: 'known' }] });
  expect(text).toMatch(/ known\nAll of them were known\.\n$/);
});
