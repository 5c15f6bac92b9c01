import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { secretAsker } from '../../../../src/cli/shared/ask.ts';
import type { AskSecret } from '../../../../src/pki/passphrase.ts';
import { collector } from '../support.ts';

interface Terminal {
  readonly ask: AskSecret;
  readonly type: (text: string) => void;
  readonly end: () => void;
  readonly stop: AbortController;
  readonly shown: () => string;
  readonly raw: boolean[];
}

function terminal({ tty = true, json = false } = {}): Terminal | undefined {
  const stdin = new PassThrough();
  const stderr = collector(true);
  const stop = new AbortController();
  const raw: boolean[] = [];
  const around = {
    argv: [],
    env: {},
    stdin: Object.assign(stdin, { isTTY: tty, setRawMode: (on: boolean) => raw.push(on) }),
    stdout: collector().stream,
    stderr: stderr.stream,
  };
  const ask = secretAsker(around, { json }, () => Promise.resolve(), stop.signal);
  if (!ask) return undefined;
  const type = (text: string): void => void stdin.write(text);
  return { ask, type, end: () => stdin.end(), stop, shown: stderr.text, raw };
}

describe('asking for a secret', () => {
  it('takes what is typed up to Enter, shows nothing of it, and gives the terminal back', async () => {
    const { ask, type, shown, raw } = terminal()!;
    const answer = ask('Passphrase: ');
    type('corrx\u007fect hor');
    type('se é\rmore');
    expect((await answer)?.reveal()).toBe('correct horse é');
    expect(shown()).toBe('Passphrase: \n');
    expect(raw).toEqual([true, false]);
    // The same is not asked twice.
    expect((await ask('Passphrase: '))?.reveal()).toBe('correct horse é');
    expect(shown()).toBe('Passphrase: \n');
  });

  it.each([
    [
      'nothing',
      (to: Terminal) => {
        to.type('\n');
      },
    ],
    [
      'Ctrl-C',
      (to: Terminal) => {
        to.type('abc\u0003');
      },
    ],
    [
      'the end of the input',
      (to: Terminal) => {
        to.end();
      },
    ],
    [
      'an interrupt',
      (to: Terminal) => {
        to.stop.abort();
      },
    ],
  ])('takes %s for no answer', async (_what, act) => {
    const to = terminal()!;
    const answer = to.ask('Passphrase: ');
    setTimeout(() => {
      act(to);
    }, 10);
    expect(await answer).toBeUndefined();
    expect(to.raw).toEqual([true, false]);
  });

  it('asks nobody without a terminal, or where a program reads', () => {
    expect([terminal({ tty: false }), terminal({ json: true })]).toEqual([undefined, undefined]);
  });
});
