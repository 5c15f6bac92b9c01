import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { COMPONENTS } from '../../../src/kernel/components.ts';
import { loadRelease } from '../../../src/release/release.ts';
import { commandLine, flagNotes, flagsFor, ownFlags } from '../../../src/templates/flags.ts';

const release = loadRelease('v1.16.3');
const { minor } = release;

const realFlags = (component: string): string[] => {
  const file = new URL(`../../cases/flags/v1.16.3/${component}.yaml`, import.meta.url);
  return (load(readFileSync(file, 'utf8')) as { name: string }[]).map(({ name }) => name);
};

describe.each(COMPONENTS)('the flags a profile sets for %s', (component) => {
  it('are flags of the real binary, and of the table', () => {
    const own = ownFlags({ minor, component });
    expect(own.length).toBeGreaterThan(1);
    expect(own.filter((flag) => !realFlags(component).includes(flag))).toEqual([]);
    expect(own.filter((flag) => !release.flag(component, flag).known)).toEqual([]);
  });

  it('are explained, each with a sentence and a link', () => {
    for (const flag of ownFlags({ minor, component })) {
      const { why, link } = release.flag(component, flag);
      expect(why, flag).toMatch(/\S.*[.]$/);
      expect(link, flag).toMatch(/^https:/);
    }
  });
});

describe('flagsFor', () => {
  const values = {
    podCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/16',
    cluster: 'demo',
    signingCert: '/ca.crt',
    signingKey: '/ca.key',
    shownCert: undefined,
    shownKey: undefined,
  };
  const of = (
    profile: string,
    extra: Record<string, string | null>[] = [],
    given: Record<string, string | undefined> = values,
  ): ReadonlyMap<string, string> =>
    flagsFor({ minor, component: 'kube-controller-manager' }, profile, given, extra);

  it('fills in names, in the order of the alphabet', () => {
    const flags = of('secure');
    expect(flags.get('cluster-cidr')).toBe('10.244.0.0/16');
    expect([...flags.keys()]).toEqual([...flags.keys()].toSorted());
  });

  it('lays profiles over what all have', () => {
    expect(of('secure').get('profiling')).toBe('false');
    expect(of('cis').get('profiling')).toBe('false');
    expect(of('course').has('profiling')).toBe(false);
    expect([of('secure').has('master'), of('course').get('master')]).toEqual([
      false,
      'http://localhost:8080',
    ]);
    expect([of('secure').has('kubeconfig'), of('course').has('kubeconfig')]).toEqual([true, false]);
  });

  it('leaves out a flag whose value there is not', () => {
    const flags = of('secure', [], { ...values, signingCert: undefined, signingKey: undefined });
    expect([flags.has('cluster-signing-cert-file'), flags.has('cluster-signing-key-file')]).toEqual([
      false,
      false,
    ]);
  });

  it('takes the last word of what is extra, and removes by null', () => {
    const flags = of('secure', [{ v: '4', profiling: null, 'new-flag': 'x' }, { v: '6' }]);
    expect([flags.get('v'), flags.has('profiling'), flags.get('new-flag')]).toEqual(['6', false, 'x']);
    expect(of('secure', [{ profiling: null }, { profiling: 'true' }]).get('profiling')).toBe('true');
  });

  it('does not fill in names of extra flags: they are taken as written', () => {
    expect(of('secure', [{ 'cluster-name': '{cluster}' }]).get('cluster-name')).toBe('{cluster}');
  });

  it('names the flag that asks for what nothing gives', () => {
    expect(() => of('secure', [], {})).toThrow(
      expect.objectContaining({
        code: 'E_BUG',
        message: expect.stringContaining('kube-controller-manager --') as string,
      }),
    );
  });
});

describe('commandLine', () => {
  it('has a flag on each line, quoted for a unit', () => {
    expect(
      commandLine(
        '/usr/bin/x',
        new Map([
          ['a', '1'],
          ['b', 'two words'],
          ['c', '50%'],
        ]),
      ),
    ).toBe('/usr/bin/x \\\n  --a=1 \\\n  "--b=two words" \\\n  --c=50%%');
    expect(commandLine('/usr/bin/x', new Map())).toBe('/usr/bin/x');
  });
});

describe('flagNotes', () => {
  it('says why each flag is there, and where one without a reason comes from', () => {
    const notes = flagNotes(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
      (flag) => (flag === 'a' ? { why: 'For a.', link: 'https://example.com/a' } : {}),
    );
    expect(notes.split('\n')).toEqual([
      '# --a',
      '#   For a.',
      '#   https://example.com/a',
      '# --b',
      expect.stringMatching(/^# .*extraArgs/),
    ]);
  });
});
