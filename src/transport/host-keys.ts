import { readFile } from 'node:fs/promises';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';
import {
  formatLine,
  lookup,
  parseKnownHosts,
  withoutHost,
  type HostKey,
  type KnownHosts,
  type KnownKeys,
} from './known-hosts.ts';

/** A key that a host presented, and under which name it was dialled: what a person is asked to trust. */
export class Sighting {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly key: HostKey;

  constructor(seen: { host: string; address: string; port: number; key: HostKey }) {
    this.host = seen.host;
    this.address = seen.address;
    this.port = seen.port;
    this.key = seen.key;
  }
}

/** The key behind an `E_HOST_KEY_…` error, to show it and to trust it; `undefined` for other errors. */
export function sightingOf(error: unknown): Sighting | undefined {
  return error instanceof BootstrapError && error.cause instanceof Sighting ? error.cause : undefined;
}

/** Which host keys are trusted, and what happens to new ones. */
export interface KnownHostsPolicy {
  readonly acceptNew: boolean;
  lookup(address: string, port: number): Promise<KnownKeys>;
  /** Adds keys to the product's own file; with `replace`, the host's older keys there are dropped. */
  trust(sightings: readonly Sighting[], options?: { readonly replace?: boolean }): Promise<void>;
  /** Told of a key that was good, once the host has proved that it is its own; before the login. */
  proved?(sighting: Sighting): void;
}

export interface KnownHostsFiles {
  /** The product's own file: read first, and the only one that is ever written. */
  readonly own: string;
  /** Further files, read only, such as `~/.ssh/known_hosts`. */
  readonly others?: readonly string[];
  /** Trust hosts never seen before and write their keys down; a changed key is refused all the same. */
  readonly acceptNew?: boolean;
}

/**
 * Reads each file once. The own file decides alone about the hosts it names, so a host that was trusted again
 * after a reinstall is not refused for an old line elsewhere; a revocation counts in whichever file it stands.
 * @throws E_KNOWN_HOSTS when a file exists but cannot be read
 */
export function openKnownHosts({ own, others = [], acceptNew = false }: KnownHostsFiles): KnownHostsPolicy {
  const cache = new Map<string, Promise<KnownHosts>>();
  const read = (path: string): Promise<KnownHosts> => {
    const known = cache.get(path) ?? readText(path).then(parseKnownHosts);
    cache.set(path, known);
    return known;
  };
  let lastWrite = Promise.resolve();

  return {
    acceptNew,
    async lookup(address, port) {
      const [first, ...rest] = await Promise.all([own, ...others].map(read));
      const mine = lookup(first as KnownHosts, address, port);
      const theirs = rest.map((file) => lookup(file, address, port));
      return {
        keys: mine.keys.length > 0 ? mine.keys : theirs.flatMap((file) => file.keys),
        revoked: [mine, ...theirs].flatMap((file) => file.revoked),
        authority: [mine, ...theirs].some((file) => file.authority),
      };
    },
    trust(sightings, { replace = false } = {}) {
      const write = async (): Promise<void> => {
        let text = await readText(own); // afresh: another process may have added to it
        for (const { address, port, key } of sightings) {
          if (replace) text = withoutHost(text, address, port);
          const line = formatLine(address, port, key);
          if (text.split('\n').includes(line)) continue;
          text += `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
        }
        await writeAtomic(own, text);
        cache.delete(own);
      };
      const written = lastWrite.then(write);
      lastWrite = written.catch(() => undefined);
      return written;
    },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new BootstrapError('E_KNOWN_HOSTS', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
