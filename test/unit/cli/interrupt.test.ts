import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { reported } from '../../../src/cli/shared/run.ts';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { progressText } from '../../../src/report/plain.ts';
import { emptyHistory } from '../../../src/report/history.ts';
import { noPaint } from '../../../src/report/text.ts';
import { describeError } from '../../../src/report/error-text.ts';
import { abortedError } from '../../../src/transport/supervise.ts';
import { collector } from './support.ts';
import { scratch } from '../../support/ssh-target.ts';

/** What a command says that is interrupted so many times and then throws, and how it ends. */
async function interrupted(
  times: number,
  thrown: Error,
  logs?: string,
): Promise<{ code: number; told: string }> {
  const [stdout, stderr] = [collector(), collector()];
  const around = {
    argv: [],
    env: {},
    stdin: new PassThrough(),
    stdout: stdout.stream,
    stderr: stderr.stream,
  };
  const code = await reported(around, {}, logs, 'x', () => {
    for (let time = 0; time < times; time += 1) process.emit('SIGINT');
    return Promise.reject(thrown);
  });
  return { code, told: stderr.text() };
}

const lost = new BootstrapError('E_CONNECTION_LOST', 'm1: the connection was lost');
const finished = new BootstrapError('E_ABORTED', 'interrupted; what was running has been finished');

it('the first interrupt waits for the phase where there are phases', async () => {
  const folder = scratch();
  const { code, told } = await interrupted(1, finished, folder.path);
  folder.remove();
  expect(code).toBe(130);
  expect(told).toContain('warning: stopping when the phase at work is done; once more to stop at once\n');
  expect(told).toContain('what was running has been finished');
  expect((await interrupted(1, finished)).told).toContain('warning: stopping; once more');
});

it.each([lost, finished])(
  'the second interrupt is what the run ended with, whatever it threw',
  async (thrown) => {
    const { code, told } = await interrupted(2, thrown);
    expect(code).toBe(130);
    expect(told).toContain(
      'error E_ABORTED: stopped at once; what was running on the hosts may be half done\n',
    );
    expect(told).not.toContain('has been finished');
  },
);

it('a host whose command was stopped is named once', () => {
  const error = describeError(abortedError('m1', 'the command had ended', undefined));
  const history = { ...emptyHistory(false), hosts: ['m1'] };
  const text = progressText({ at: new Date(), type: 'host.failed', host: 'm1', error } as never, {
    paint: noPaint,
    verbose: false,
    history,
  });
  expect(text).toBe('m1  stopped before the command had ended\n');
});
