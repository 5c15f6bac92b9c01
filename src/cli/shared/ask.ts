import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Confirm } from '../../cluster/first-contact.ts';
import { Secret } from '../../kernel/secret.ts';
import type { AskSecret } from '../../pki/passphrase.ts';
import type { GlobalOptions, ProcessIo } from './context.ts';

/**
 * A question on the terminal, answered by y or n, or by typing a word; `undefined` when nobody can answer (a pipe, `--json`).
 * The end of the input and an interrupt count as no.
 * @param ready waits until the terminal is free and shows all there was to tell
 */
export function asker(
  { stdin, stderr }: ProcessIo,
  { json }: GlobalOptions,
  ready: () => Promise<void>,
  stop: AbortSignal,
): Confirm | undefined {
  if (json || !stdin.isTTY || !stderr.isTTY) return undefined;
  return async (question, word) => {
    await ready();
    // Loaded where somebody is asked: most runs ask nobody.
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: stdin, output: stderr, terminal: false });
    try {
      const ended = new Promise<string>((resolve) => {
        lines.once('close', () => {
          resolve('');
        });
      });
      const asked = `${question} ${word === undefined ? '[y/N] ' : ''}`;
      const answer = await Promise.race([lines.question(asked, { signal: stop }), ended]);
      return word === undefined ? /^y(es)?$/i.test(answer.trim()) : answer.trim() === word;
    } catch {
      return false;
    } finally {
      lines.close();
    }
  };
}

/**
 * A question for a secret, which is not shown while it is typed; the same question is asked once. An interrupt and the end
 * of the input count as no answer.
 */
export function secretAsker(
  { stdin, stderr }: ProcessIo,
  { json }: GlobalOptions,
  ready: () => Promise<void>,
  stop: AbortSignal,
): AskSecret | undefined {
  if (json || !stdin.isTTY || !stderr.isTTY || !stdin.setRawMode) return undefined;
  const known = new Map<string, Secret | undefined>();
  return async (question) => {
    if (known.has(question)) return known.get(question);
    await ready();
    stderr.write(question);
    stdin.setRawMode?.(true);
    try {
      const typed = await lineOf(stdin, stop);
      known.set(question, typed ? new Secret(typed) : undefined);
      return known.get(question);
    } finally {
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\n');
    }
  };
}

const ENTER = /[\r\n]/;
/** Ctrl-C, Ctrl-D: a terminal in raw mode sends them as they are. */
const END = /[\x03\x04]/; // eslint-disable-line no-control-regex -- that is what is typed
const ERASE = /[^][\x08\x7f]/; // eslint-disable-line no-control-regex -- that is what is typed

function lineOf(stdin: Readable, stop: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const decoder = new StringDecoder('utf8');
    let text = '';
    const end = (value: string | undefined): void => {
      stdin.off('data', onData).off('end', onEnd);
      stop.removeEventListener('abort', onEnd);
      resolve(value);
    };
    const onEnd = (): void => {
      end(undefined);
    };
    const onData = (chunk: Buffer | string): void => {
      text += typeof chunk === 'string' ? chunk : decoder.write(chunk);
      if (END.test(text)) {
        end(undefined);
        return;
      }
      while (ERASE.test(text)) text = text.replace(ERASE, '');
      const [line, rest] = text.split(ENTER, 2);
      if (rest !== undefined) end(line);
    };
    stdin.on('data', onData).on('end', onEnd);
    stop.addEventListener('abort', onEnd);
  });
}
