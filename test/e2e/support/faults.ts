import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostName, command, lab, onHost } from './lab.ts';
import { type Event, type Result, stateFolder, workFolder } from './product.ts';
import { startRun } from './watched-run.ts';

/** What can happen to a run, each at the beginning of one of its steps. */
export const FAULTS = ['kill', 'cut', 'power', 'disk', 'controller-disk', 'clock'] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly host: HostName;
  /** The step of that host, counted from 0, at which it happens; in a phase where one is named. */
  readonly step: number;
  readonly phase?: string;
}

export const named = ({ kind, host, step, phase = 'all' }: Fault): string =>
  `${kind} at step ${step} of ${phase} on ${host}`;

/** The same numbers for the same seed: those of a linear congruential generator, from 0 to below 1. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Folders of a host of which one is full. */
const FULL = ['/etc/kubernetes', '/etc/systemd/system', '/usr/local/bin'];
/** What is there goes into a small file system in its place, and the rest of that is filled. */
const fill = (folder: string): string => `set -e
mkdir -p ${folder} /run/full
mount -t tmpfs -o size=$(($(du -sk ${folder} | cut -f1) + 256))k tmpfs /run/full
cp -a ${folder}/. /run/full
mount --bind /run/full ${folder}
dd if=/dev/zero of=${folder}/filler bs=4k 2>/dev/null || :`;
/** Nothing of what was written meanwhile is lost. */
const empty = (folder: string): string => `set -e
rm -f ${folder}/filler
umount ${folder}
cp -a /run/full/. ${folder}
umount /run/full`;

/** A clock that goes wrong by two hours when the process is told to. */
const JUMPING = `const Right = Date;
let off = 0;
globalThis.Date = class extends Right {
  constructor(...given) { super(...(given.length === 0 ? [Right.now() + off] : given)); }
  static now() { return Right.now() + off; }
};
process.on('SIGUSR2', () => { off = Number(process.env.CLOCK_JUMP_MS); });
`;

/** What happens and what is done about it when the run has ended. */
interface Mishap {
  readonly happen: () => unknown;
  readonly mend: () => unknown;
}

const nothing = (): void => undefined;

function mishap({ kind, host, step }: Fault, send: (signal: NodeJS.Signals) => void): Mishap {
  const folder = FULL[step % FULL.length]!;
  switch (kind) {
    case 'kill':
      return {
        happen: () => {
          send('SIGKILL');
        },
        mend: nothing,
      };
    case 'cut':
      // Every connection but the one that this comes by; a step that is under way goes on without it.
      return {
        happen: () =>
          onHost(
            host,
            'for p in $(pgrep -f "^sshd: [a-z]*@notty"); do [ "$p" = "$PPID" ] || kill -KILL "$p"; done',
          ),
        mend: nothing,
      };
    case 'power':
      return { happen: () => lab('poweroff', host), mend: () => lab('start', host) };
    case 'disk':
      return { happen: () => onHost(host, fill(folder)), mend: () => onHost(host, empty(folder)) };
    case 'controller-disk':
      return {
        happen: () => command('sh', ['-c', `dd if=/dev/zero of=${stateFolder}/filler bs=4k 2>/dev/null`]),
        mend: () => command('rm', ['-f', join(stateFolder, 'filler')]),
      };
    case 'clock':
      return {
        happen: () => {
          send('SIGUSR2');
        },
        mend: nothing,
      };
  }
}

/** A state folder on a small file system of its own while something is done, for it to be filled. */
export async function onSmallDisk<T>(act: () => Promise<T>): Promise<T> {
  const sh = async (script: string): Promise<void> => {
    const { code, stderr } = await command('sh', ['-ec', script]);
    if (code !== 0) throw new Error(stderr);
  };
  const aside = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-small-'));
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  await sh(
    `cp -a ${stateFolder}/. ${aside}; mount -t tmpfs -o size=48m,mode=0700 tmpfs ${stateFolder}; cp -a ${aside}/. ${stateFolder}`,
  );
  try {
    return await act();
  } finally {
    await sh(
      `rm -rf ${aside}; cp -a ${stateFolder} ${aside}; umount ${stateFolder}; find ${stateFolder} -mindepth 1 -delete; cp -a ${aside}/. ${stateFolder}`,
    );
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Runs `up` with a fault, and mends what is to be mended. `fell` tells whether the run came to that step. */
export async function upWith(fault: Fault): Promise<{ readonly fell: boolean; readonly result: Result }> {
  const preload = join(workFolder, 'jumping-clock.cjs');
  if (!existsSync(preload)) writeFileSync(preload, JUMPING);
  const run = startRun(['up', '--accept-new-host-keys'], {
    env:
      fault.kind === 'clock'
        ? {
            NODE_OPTIONS: `--require ${preload}`,
            CLOCK_JUMP_MS: String((fault.step % 2 === 0 ? 2 : -2) * 3_600_000),
          }
        : {},
  });
  const { happen, mend } = mishap(fault, (signal) => run.child().kill(signal));
  let steps = 0;
  const isMoment = (event: Event): boolean =>
    event.type === 'step.started' &&
    event['host'] === fault.host &&
    (fault.phase === undefined || event['phase'] === fault.phase) &&
    steps++ === fault.step;
  const fell = await run.until(isMoment).then(
    () => true,
    () => false,
  );
  if (fell) await happen();
  const result = await run.result;
  if (fell) await mend();
  return { fell, result };
}
