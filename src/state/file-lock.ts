import { link, readFile, rename, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFile } from '../kernel/remove.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { isAlive } from '../kernel/process.ts';
import { sh } from '../kernel/quote.ts';

/** How long one waits for another that writes the same files, in ms. */
const PATIENCE = 30_000;

/**
 * Does something while nobody else does who sees the same folder: whoever adds a user reads, changes and writes whole
 * files. A lock whose process has ended is taken over, if it was one of this machine: only here that can be told.
 * @param patience how long one waits for another, in ms
 * @throws E_LOCKED naming the process that holds it, and its machine
 */
export async function withLock<T>(path: string, action: () => Promise<T>, patience = PATIENCE): Promise<T> {
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const here = await thisMachine();
  await writeFile(own, `${process.pid}\n${here}`, { mode: 0o600 });
  try {
    await acquire(own, path, here, patience);
  } finally {
    await removeFile(own);
  }
  try {
    return await action();
  } finally {
    await removeFile(path);
  }
}

async function acquire(own: string, path: string, here: string, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    if (await linked(own, path)) return;
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (hasEnded(holder, here)) await takeAway(path, own, holder);
    else if (performance.now() > deadline) throw locked(path, holder);
    else await sleep(20 + Math.random() * 60);
  }
}

/** Host name and boot: another machine of the same name has started another time, as this one has before. */
async function thisMachine(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${hostname()}\n${boot.trim()}\n`;
}

function hasEnded(holder: string, here: string): boolean {
  const [, pid, machine] = /^([1-9]\d{0,9})\n(.*)$/s.exec(holder) ?? [];
  return pid !== undefined && machine === here && !isAlive(Number(pid));
}

function locked(path: string, holder: string): BootstrapError {
  const [, pid, host] = /^([1-9]\d{0,9})\n([\w.-]{1,255})\n/.exec(holder) ?? [];
  const who = pid === undefined ? '' : ` (pid ${pid} on ${host ?? ''})`;
  return new BootstrapError('E_LOCKED', `another k8s-bootstrap${who} holds ${path}`, {
    exitCode: ExitCode.locked,
    hint: `Wait until it has ended. If it has not run there since that machine was started, run: ${sh`rm ${path}`}`,
  });
}

/** A link appears with its content, or not at all. */
async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Of several who find the same dead holder one gets it; what another has taken meanwhile is put back. */
async function takeAway(path: string, own: string, holder: string): Promise<void> {
  const aside = `${own}.old`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== holder) await linked(aside, path);
  await removeFile(aside);
}
