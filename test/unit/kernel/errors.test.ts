import { describe, expect, it } from 'vitest';
import { BootstrapError, ExitCode, asBootstrapError } from '../../../src/kernel/errors.ts';

describe('BootstrapError', () => {
  it('says what, where and what to do', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new BootstrapError('E_CONNECT', 'm1 refuses the connection', {
      hint: 'Is sshd running?',
      where: { host: 'm1' },
      exitCode: ExitCode.someHostsFailed,
      cause,
    });
    expect(error).toMatchObject({
      name: 'BootstrapError',
      code: 'E_CONNECT',
      message: 'm1 refuses the connection',
      hint: 'Is sshd running?',
      where: { host: 'm1' },
      exitCode: 4,
    });
    expect(error.cause).toBe(cause);
  });

  it('fails a run with 1 and has no cause unless it is given one', () => {
    const error = new BootstrapError('E_X', 'no');
    expect([error.exitCode, error.hint, error.where]).toEqual([1, undefined, {}]);
    expect('cause' in error).toBe(false);
  });

  it('takes a place from who knows more, and keeps the one it has', () => {
    const error = new BootstrapError('E_STEP', 'no', {
      where: { resource: 'file:/x' },
      hint: 'h',
      exitCode: 5,
      cause: 'c',
    });
    const placed = error.at({ host: 'm1', phase: 'etcd' }).at({ host: 'm2' });
    expect(placed.where).toEqual({ host: 'm1', phase: 'etcd', resource: 'file:/x' });
    expect([placed.code, placed.message, placed.hint, placed.exitCode, placed.cause]).toEqual([
      'E_STEP',
      'no',
      'h',
      5,
      'c',
    ]);
    expect(error.where).toEqual({ resource: 'file:/x' });
  });
});

describe('asBootstrapError', () => {
  it('lets its own errors pass as they are', () => {
    const error = new BootstrapError('E_X', 'no');
    expect(asBootstrapError(error)).toBe(error);
  });

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ toString: (): string => 'something' }, 'something'],
  ])('takes %s for a bug and asks to report it', (thrown, message) => {
    const error = asBootstrapError(thrown);
    expect(error).toMatchObject({ code: 'E_BUG', message, exitCode: 1 });
    expect(error.hint).toMatch(/report/);
    // `undefined` is no cause; everything else is kept for the log.
    expect(error.cause).toBe(thrown);
  });
});
