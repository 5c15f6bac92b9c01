import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { BootstrapError } from '../../../kernel/errors.ts';
import { removeFileSync } from '../../../kernel/remove.ts';

/** What a host said of the snapshot that it sent, found to be so. */
export interface Received {
  readonly sha256: string;
  readonly bytes: number;
  readonly revision: number;
  readonly keys: number;
}

export interface Receiver {
  /** Takes a piece of what comes; it is on the disk when this returns, so that memory holds no more than one. */
  readonly take: (chunk: Buffer) => void;
  /** Compares all of it with what was announced. @throws E_ETCD_BACKUP when it is not that */
  readonly check: () => Received;
  /** Gives it its name. */
  readonly publish: () => void;
  /** Takes away what has come, unless it has its name. */
  readonly end: () => void;
}

/** The two lines before the bytes are never longer. */
const HEAD_LIMIT = 4096;

const statusSchema = z.object({
  revision: z.int().nonnegative(),
  totalKey: z.int().nonnegative(),
});

/** Takes what the script of a snapshot prints into a file that others cannot read, and that has its name when it is whole. */
export function receiver(path: string): Receiver {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const file = openSync(temporary, 'wx', 0o600);
  const hash = createHash('sha256');
  let head: Buffer | undefined = Buffer.alloc(0);
  let announced: Received | undefined;
  let bytes = 0;
  let open = true;
  let published = false;
  const keep = (chunk: Buffer): void => {
    hash.update(chunk);
    for (let at = 0; at < chunk.length;) at += writeSync(file, chunk, at);
    bytes += chunk.length;
    if (announced && bytes > announced.bytes) throw notWhole('the host sends more than it said');
  };
  return {
    take(chunk) {
      if (!head) {
        keep(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\n', head.indexOf('\n') + 1);
      if (!head.includes('\n') || end < 0) {
        if (head.length > HEAD_LIMIT) throw notWhole('the host did not say what it sends');
        return;
      }
      announced = parsed(head.subarray(0, end).toString('utf8'));
      const rest = head.subarray(end + 1);
      head = undefined;
      keep(rest);
    },
    check() {
      if (!announced) throw notWhole('the host did not say what it sends');
      const sha256 = hash.digest('hex');
      if (bytes !== announced.bytes || sha256 !== announced.sha256) {
        throw notWhole(
          `${bytes} bytes with SHA-256 ${sha256} came, and ${announced.bytes} with ${announced.sha256} were sent`,
        );
      }
      fsyncSync(file);
      return announced;
    },
    publish() {
      renameSync(temporary, path);
      published = true;
      const handle = openSync(folder, 'r');
      fsyncSync(handle);
      closeSync(handle);
    },
    end() {
      if (open) closeSync(file);
      open = false;
      if (!published) removeFileSync(temporary);
    },
  };
}

function parsed(head: string): Received {
  const [first = '', second = ''] = head.split('\n');
  const [, sha256, size] = /^([0-9a-f]{64}) (\d{1,15})$/.exec(first) ?? [];
  const status = statusSchema.safeParse(jsonOf(second));
  if (sha256 === undefined || size === undefined || !status.success) {
    throw notWhole('what the host says of it is not of the known form');
  }
  return { sha256, bytes: Number(size), revision: status.data.revision, keys: status.data.totalKey };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const notWhole = (why: string): BootstrapError =>
  new BootstrapError('E_ETCD_BACKUP', `the snapshot did not come whole: ${why}`, {
    hint: 'Nothing was kept. Try again; k8s-bootstrap etcd status says how the members are.',
  });
