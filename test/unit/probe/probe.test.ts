import { describe, expect, it } from 'vitest';
import type { Watch } from '../../../src/probe/observe.ts';
import { group, merge, parseProbe, probeScript } from '../../../src/probe/probe.ts';
import { observed } from '../../support/observed.ts';

const file = (read: 'content' | 'digest' | 'secret'): Watch => ({ kind: 'file', key: '/etc/x', read });
const unit = (...inputs: string[]): Watch => ({ kind: 'unit', key: 'a.service', inputs });

describe('group', () => {
  it('asks equal questions once', () => {
    const sysctl: Watch = { kind: 'sysctl', key: 'a' };
    expect(group([sysctl, sysctl, { kind: 'module', key: 'a' }])).toMatchObject({
      sysctl: [sysctl],
      module: [{ key: 'a' }],
    });
  });

  it.each([
    [[file('digest'), file('content')], 'content'],
    [[file('content'), file('digest')], 'content'],
    [[file('digest'), file('digest')], 'digest'],
  ])('reads of a file what the most curious wants', (watches, read) => {
    expect(group(watches).file).toEqual([file(read as 'content')]);
  });

  it.each([[[unit('/a'), unit()]], [[unit(), unit('/a')]]])(
    'keeps the inputs of a unit, whoever else asks about it',
    (watches) => {
      expect(group(watches).unit).toEqual([unit('/a')]);
    },
  );
});

describe('merge', () => {
  const earlier = observed({
    files: { '/etc/a': { content: 'old' }, '/etc/b': { content: 'kept' } },
    sysctls: { x: '1' },
  });
  const later = observed({
    files: { '/etc/a': { type: 'absent' } },
    answers: { q: { code: 0, output: '' } },
  });
  const both = merge(earlier, later);

  it('takes what was asked later and keeps the rest', () => {
    expect(both.file('/etc/a')).toEqual({ type: 'absent' });
    expect(both.file('/etc/b')).toMatchObject({ content: Buffer.from('kept') });
    expect([both.sysctl('x'), both.answer('q')?.code, both.unit('never')]).toEqual(['1', 0, undefined]);
  });
});

describe('probeScript', () => {
  it('is the same for the same questions, whatever their order of arrival', () => {
    const watches = [file('content'), unit('/a'), file('content')];
    expect(probeScript(watches, 'n', '192.0.2.11')).toBe(
      probeScript([...watches, unit('/a')], 'n', '192.0.2.11'),
    );
  });

  it('puts nothing in that was not asked', () => {
    const script = probeScript([{ kind: 'sysctl', key: 'a.b' }], 'n', '192.0.2.11');
    expect(script).toContain('/proc/sys/a/b');
    expect(script).not.toMatch(/systemctl|rpm|curl|dbus-send/);
  });
});

describe('parseProbe', () => {
  it.each(['', 'Welcome to m1!\n', '\nn begin files\nstat 644 root root 0 /etc/x|regular empty file\n'])(
    'does not take %j for an answer',
    (stdout) => {
      expect(() => parseProbe([file('content')], 'n', Buffer.from(stdout))).toThrow(
        expect.objectContaining({ code: 'E_PROBE' }),
      );
    },
  );

  it('does not mind what a login shell prints around it', () => {
    const stdout = 'Last login: today\n\nn begin files\nline /proc/sys/a:7\n\nn complete\nlogout\n';
    expect(parseProbe([{ kind: 'sysctl', key: 'a' }], 'n', Buffer.from(stdout)).sysctl('a')).toBe('7');
  });
});
