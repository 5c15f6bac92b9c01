import { Writable } from 'node:stream';
import { expect, vi } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import type { ReporterOptions } from '../../../src/report/reporter.ts';
import { Screen } from '../../support/screen.ts';
import { rig } from './support.ts';
import type { Rig, Untimed } from './support.ts';

export interface Terminal extends Rig {
  readonly screen: Screen;
  /** Waits until that is what somebody sees who scrolls up. */
  readonly shows: (lines: readonly string[]) => Promise<void>;
  /** Everything that was sent. */
  readonly sent: () => string;
  readonly resize: (columns: number, rows: number) => void;
  /** Lets the next question about its size fail; resolves when it has. */
  readonly confuse: () => Promise<void>;
}

/** A reporter on a terminal that is looked at as a person does. */
export function onTerminal(columns: number, rows: number, options: Partial<ReporterOptions> = {}): Terminal {
  const screen = new Screen(columns, rows);
  let sent = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent += chunk.toString();
      screen.write(chunk.toString());
      done();
    },
  });
  const stderr = Object.assign(stream, { isTTY: true, columns, rows });
  return {
    ...rig({ format: 'auto', stderr, ...options }),
    screen,
    shows: (lines) =>
      vi.waitFor(
        () => {
          expect(still(screen.text()).split('\n')).toEqual(lines);
        },
        { timeout: 5000, interval: 10 },
      ),
    sent: () => sent,
    resize: (wide, high) => {
      screen.resize(wide, high);
      Object.assign(stderr, { columns: wide, rows: high });
      stderr.emit('resize');
    },
    confuse: () =>
      new Promise((resolve) => {
        Object.defineProperty(stderr, 'columns', {
          configurable: true,
          get: () => {
            Object.defineProperty(stderr, 'columns', { value: columns });
            resolve();
            throw new TypeError('no such terminal');
          },
        });
      }),
  };
}

/** Drawings differ in their spinner, clock and times only. */
export const still = (text: string): string =>
  text
    .replaceAll(/[⠁-⣿]/gu, '*')
    .replaceAll(/ {2}\d+ s$/gm, '  0 s')
    .replaceAll(/\d+\.\d( s|(?=…))/g, 'T s');

export const started = (...hosts: string[]): Untimed => ({
  type: 'phase.started',
  phase: 'etcd',
  title: 'Run etcd',
  hosts,
});
export const step = (host: string, text: string): Untimed => ({
  type: 'step.started',
  phase: 'etcd',
  host,
  step: text,
});
export const done = (...failed: string[]): Untimed => ({
  type: 'phase.done',
  phase: 'etcd',
  milliseconds: 65_000,
  failed,
});
export const failure = (host: string, code = 'E_STEP'): Untimed => ({
  type: 'host.failed',
  host,
  phase: 'etcd',
  error: new BootstrapError(code, `${host} is broken\nits journal`),
});
