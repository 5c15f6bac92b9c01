import type { Inventory } from '../../../../src/inventory/types.ts';
import { type Fleet, makeFleet } from '../../../../src/run/fleet.ts';
import type { RunEvent } from '../../../../src/run/events.ts';
import { STARTED } from '../../../../src/transport/feed.ts';

/** What the steps of a script say on a host, by their names: what they print, or a code and that. */
export type Saying = Readonly<Record<string, string | readonly [number, string]>>;

export interface ToldFleet {
  readonly fleet: Fleet;
  /** `m1: volumes` for each step that a script had. */
  readonly asked: string[];
  readonly events: Omit<RunEvent, 'at'>[];
}

/** Hosts that run nothing: the steps of each script that they know are answered, others are as if not reached by it. */
export function toldFleet({ hosts }: Inventory, says: Readonly<Record<string, Saying>>): ToldFleet {
  const asked: string[] = [];
  const events: Omit<RunEvent, 'at'>[] = [];
  const fleet = makeFleet(Object.keys(says), {
    emit: (event) => events.push(event),
    addressOf: (name) => hosts.find((host) => host.name === name)?.ip ?? '',
    connect: (name) =>
      Promise.resolve({
        host: name,
        stats: { connections: 1, execs: 0, bytesSent: 0 },
        close: () => Promise.resolve(),
        async exec(_command, { stdin = [] } = {}) {
          const chunks: Uint8Array[] = [];
          for await (const chunk of stdin) chunks.push(chunk);
          const script = Buffer.concat(chunks).toString('utf8');
          const nonce = /^N=(\S+)$/m.exec(script)?.[1] ?? '';
          const lines = Object.entries(says[name] ?? {}).flatMap(([step, told]) => {
            if (!new RegExp(`\\bstep ${step} `).test(script)) return [];
            asked.push(`${name}: ${step}`);
            const [code, text] = typeof told === 'string' ? [0, told] : told;
            return [`${nonce} ${step} ${code} 1 ${Buffer.from(text).toString('base64')}\n`];
          });
          return { code: 0, stdout: Buffer.from(lines.join('')), stderr: Buffer.from(STARTED) };
        },
      }),
    concurrency: 5,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  return { fleet, asked, events };
}
