import { describe, expect, it } from 'vitest';
import { isEmpty } from '../../src/plan/plan.ts';
import type { ExecOptions, Session } from '../../src/transport/session.ts';
import { everything, fresh, up } from '../support/one-host.ts';
import type { RootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { PASSWORD, connect, scratch, target, trusting } from '../support/ssh-target.ts';

/** What a run of which so much is done comes to. */
interface Cut {
  /** Connections of the run that is cut. */
  readonly session: () => Promise<Session>;
  /** Whether it came so far. */
  readonly cut: () => boolean;
  readonly over: () => Promise<void>;
}

/** Finds the line that tells of the end of so many steps, or of the beginning of the first, and what is done there. */
function boundary(
  steps: number,
  there: (line: string) => string,
): { text: string; put: (script: string) => string } {
  let left = steps;
  const found = {
    text: '',
    put: (script: string) =>
      script.replaceAll(/^echo '([0-9a-f]+ (ok|begin) \d+)'(?=$|;)/gm, (line, text: string, word: string) => {
        if (found.text !== '' || (word === 'begin' ? steps > 0 : (left -= 1) !== 0)) return line;
        found.text = text;
        return there(line);
      }),
  };
  return found;
}

const changed = (
  session: Session,
  put: (script: string) => string,
  see?: (output: Buffer) => void,
): Session => ({
  ...session,
  exec: (command: string, options: ExecOptions = {}) =>
    session.exec(command, {
      ...options,
      ...(options.stdin ? { stdin: rewritten(options.stdin, put) } : {}),
      ...(options.onStdout
        ? {
            onStdout: (chunk: Buffer) => {
              see?.(chunk);
              options.onStdout?.(chunk);
            },
          }
        : {}),
    }),
});

/** The shell on the host dies, as with the power of the host. */
function powerCut(host: RootedHost, steps: number): Promise<Cut> {
  const found = boundary(steps, (line) => `${line}; kill -KILL $$`);
  return Promise.resolve({
    session: () => Promise.resolve(changed(host.session(), found.put)),
    cut: () => found.text !== '',
    over: () => Promise.resolve(),
  });
}

/** The connection of a real ssh is cut while the shell waits, and that is then ended. */
async function connectionCut(host: RootedHost, steps: number): Promise<Cut> {
  const found = boundary(steps, (line) => `${line}; kill -STOP $$`);
  const server = await startSshServer({ password: PASSWORD, ...host.login });
  const folder = scratch();
  const knownHosts = trusting(folder.path, { [`[127.0.0.1]:${server.port}`]: server.hostKeys[0]! });
  let said = '';
  return {
    session: async () =>
      changed(host.session(await connect(target(server.port), { knownHosts })), found.put, (output) => {
        said += output.toString('latin1');
        if (found.text !== '' && said.includes(found.text)) server.drop();
      }),
    cut: () => found.text !== '',
    async over() {
      await server.close();
      folder.remove();
    },
  };
}

/** The script, behind its length, is changed; the payload stays as it is. */
async function* rewritten(
  source: NonNullable<ExecOptions['stdin']>,
  change: (script: string) => string,
): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let done = false;
  for await (const chunk of source) {
    if (done) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const at = head.indexOf('\n') + 1;
    const end = at + Number(head.subarray(0, at).toString());
    if (at === 0 || head.length < end) continue;
    const script = Buffer.from(change(head.subarray(at, end).toString('utf8')));
    yield Buffer.concat([Buffer.from(`${script.length}\n`), script, head.subarray(end)]);
    done = true;
  }
}

/** All that a host holds that a run has put there. */
const stateOf = (host: RootedHost): Record<string, string | undefined> =>
  Object.fromEntries(
    ['etc', 'usr/local/bin', 'var/lib/k8s-bootstrap']
      .flatMap((folder) => host.list(`/${folder}`).map((name) => `/${folder}/${name}`))
      .filter((path) => !/\/(?:lock|lock\.owner|busy|digests)$/.test(path))
      .map((path) => [path, host.read(path)]),
  );

/** The number of step boundaries of each, found by the runs that were not cut any more. */
const MANY = 40;

describe.each([
  ['whose host loses its power', powerCut],
  ['whose connection is cut', connectionCut],
] as const)('%s,', (_how, cutAfter) => {
  it.each([
    ['a first run', undefined, '--x'],
    ['a change of a unit', '--x', '--y'],
  ] as const)(
    '%s is completed by the next at any boundary between two steps, to the same host',
    async (_name, before, after) => {
      const undisturbed = fresh(shells[0]!);
      if (before !== undefined) await up(undisturbed, everything(before));
      await up(undisturbed, everything(after));
      const wanted = stateOf(undisturbed);
      expect(Object.keys(wanted).length).toBeGreaterThan(4);
      let cuts = 0;
      for (let steps = 0; steps < MANY; steps += 1) {
        const host = fresh(shells[steps % shells.length]!);
        if (before !== undefined) await up(host, everything(before));
        const run = await cutAfter(host, steps);
        await up(run, everything(after)).catch(() => undefined);
        await run.over();
        if (!run.cut()) break;
        cuts += 1;
        await up(host, everything(after));
        expect(stateOf(host), `cut after ${steps} steps`).toEqual(wanted);
        expect(isEmpty((await up(host, everything(after))).plan), `cut after ${steps} steps`).toBe(true);
        expect(
          host.list('/').filter((path) => path.includes('.k8s-bootstrap.')),
          'what was staged',
        ).toEqual([]);
      }
      expect(cuts).toBeGreaterThanOrEqual(before === undefined ? 10 : 3);
      expect(cuts).toBeLessThan(MANY);
    },
    300_000,
  );
});
