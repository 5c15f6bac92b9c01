import { describe, expect, it } from 'vitest';
import { isEmpty } from '../../src/plan/plan.ts';
import type { ExecOptions, Session } from '../../src/transport/session.ts';
import { everything, fresh, up } from '../support/one-host.ts';
import type { RootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

/** A run whose shell on the host dies when so many steps are done, as with the power of the host. */
function dyingAfter(host: RootedHost, steps: number): { session: () => Session; cut: () => boolean } {
  let left = steps;
  let cut = false;
  const dying = (script: string): string =>
    script.replaceAll(/^echo '[0-9a-f]+ (?:ok|begin) \d+'(?=$|;)/gm, (line) => {
      const isStart = line.includes(' begin ');
      if (cut || (isStart ? steps > 0 : (left -= 1) !== 0)) return line;
      cut = true;
      return isStart ? `kill -KILL $$; ${line}` : `${line}; kill -KILL $$`;
    });
  return {
    cut: () => cut,
    session: () => {
      const inner = host.session();
      return {
        ...inner,
        exec: (command: string, options: ExecOptions = {}) =>
          inner.exec(
            command,
            options.stdin ? { ...options, stdin: rewritten(options.stdin, dying) } : options,
          ),
      };
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
  ['a first run', undefined, '--x'],
  ['a change of a unit', '--x', '--y'],
] as const)('%s', (_name, before, after) => {
  it('that dies at any boundary between two steps is completed by the next, to the same host', async () => {
    const undisturbed = fresh(shells[0]!);
    if (before !== undefined) await up(undisturbed, everything(before));
    await up(undisturbed, everything(after));
    const wanted = stateOf(undisturbed);
    expect(Object.keys(wanted).length).toBeGreaterThan(4);
    let cuts = 0;
    for (let steps = 0; steps < MANY; steps += 1) {
      const host = fresh(shells[steps % shells.length]!);
      if (before !== undefined) await up(host, everything(before));
      const dying = dyingAfter(host, steps);
      await up(dying, everything(after)).catch(() => undefined);
      if (!dying.cut()) break;
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
  }, 300_000);
});
