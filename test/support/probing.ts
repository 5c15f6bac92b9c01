import { randomBytes } from 'node:crypto';
import { paths } from '../../src/kernel/host-paths.ts';
import { type NamedStep, compile } from '../../src/resources/compile.ts';
import { STATE } from '../../src/resources/steps/functions.ts';
import type { Observed, Watch } from '../../src/probe/observe.ts';
import { parseProbe, probeScript } from '../../src/probe/probe.ts';
import type { Content, Step } from '../../src/resources/step.ts';
import { runScript } from '../../src/transport/feed.ts';
import type { Session } from '../../src/transport/session.ts';

/** What a host answers to these questions, asked as a run asks them. */
export async function look(session: Session, watches: readonly Watch[]): Promise<Observed> {
  const nonce = randomBytes(16).toString('hex');
  const { stdout } = await runScript(session, { script: probeScript(watches, nonce, '192.0.2.11') });
  return parseProbe(watches, nonce, stdout);
}

export interface StepsResult {
  readonly code: number;
  /** `begin 0`, `ok 0`, `begin 1`, `fail 1 65`. */
  readonly marks: readonly string[];
  readonly stderr: string;
}

/** Runs steps as a run does; `mangle` may spoil the bytes that follow the script. */
export async function runSteps(
  session: Session,
  steps: readonly Step[],
  { phase = 'test', mangle = (bytes: Buffer): Buffer => bytes } = {},
): Promise<StepsResult> {
  const nonce = randomBytes(16).toString('hex');
  const named = steps.map((step, index): NamedStep => ({ id: String(index), step }));
  const { script, contents } = compile(named, { nonce, phase, lock: nonce });
  const payload = mangle(Buffer.concat((await Promise.all(contents.map(bytesOf))).flat()));
  const result = await runScript(session, {
    script: `${locked(nonce)}\n${script}`,
    payload: pieces(payload),
  });
  const marks = result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith(nonce))
    .map((line) => line.slice(nonce.length + 1));
  return { code: result.code, marks, stderr: result.stderr.toString('utf8').replaceAll(nonce, 'NONCE') };
}

/** The lock of a run, held by the script itself. */
export const locked = (token: string): string =>
  `(umask 077; mkdir -p ${STATE}; echo ${token} > ${paths.lockOwner}); exec 6>>${paths.lock}; flock -w 10 6`;

async function bytesOf(content: Content): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.open()) chunks.push(chunk);
  return chunks;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a source as runScript takes it
async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
