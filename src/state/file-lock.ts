import { link, readFile, rename, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFile } from '../kernel/remove.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { isAlive } from '../kernel/process.ts';

/** How long one waits for another that writes the same files, in ms. */
const PATIENCE = 30_000;

/**
 * Does something while nobody else on this machine does: whoever adds a user reads, changes and writes whole files.
 * A lock whose process has ended is taken over.
 * @throws E_LOCKED naming the process that holds it
 */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(own, String(process.pid), { mode: 0o600 });
  try {
    await acquire(own, path);
  } finally {
    await removeFile(own);
  }
  try {
    return await action();
  } finally {
    await removeFile(path);
  }
}

async function acquire(own: string, path: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    if (await linked(own, path)) return;
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (holder !== '' && !isAlive(Number(holder))) await takeAway(path, own, holder);
    else if (performance.now() > deadline) {
      throw new BootstrapError('E_LOCKED', `another k8s-bootstrap (pid ${holder}) is changing users`, {
        exitCode: ExitCode.locked,
        hint: `Wait until it has ended. If there is none, remove ${path}.`,
      });
    } else await sleep(20 + Math.random() * 60);
  }
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
