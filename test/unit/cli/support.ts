import { PassThrough, Writable } from 'node:stream';
import { program } from '../../../src/cli/program.ts';
import type { OutputStream } from '../../../src/report/text.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, with nothing of the process but its modules. */
export async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const stdout = collector();
  const stderr = collector();
  const stdin = new PassThrough();
  stdin.end();
  const argv = ['node', 'k8s-bootstrap', ...args];
  const code = await program({
    argv,
    env: { HOME: '/nonexistent', ...env },
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

export function collector(terminal = false): { stream: OutputStream; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8');
      done();
    },
  });
  return { stream: Object.assign(stream, terminal ? { isTTY: true } : {}), text: () => text };
}
