import { readFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { readData } from '../kernel/data.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { once } from '../kernel/once-per.ts';
import { readYaml } from '../kernel/yaml.ts';

/** SHA-256 or SHA-512 in lower-case hex by an artifact's path on a mirror: one form for pins, override, lock file. */
export type Checksums = ReadonlyMap<string, string>;

export const isSha256 = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

export const isSha512 = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{128}$/.test(text);

/**
 * Reads a file of `path: checksum` lines.
 * @throws E_CHECKSUMS_FILE when it cannot be read or a line is not a checksum
 */
export function readChecksums(file: string): Checksums {
  let data: unknown;
  try {
    data = readYaml(readFileSync(file, 'utf8'), { maxAliases: 0 });
  } catch (cause) {
    throw new BootstrapError('E_CHECKSUMS_FILE', `cannot read checksums from ${file}`, {
      hint: 'It holds one line per artifact, "path: checksum", with the path as on a mirror.',
      where: { file },
      cause,
    });
  }
  return checksumsOf(data, file);
}

const PUBLISHED = 'release/checksums.yaml';

/** The release's own, which makers have published. */
export const publishedChecksums = once((): Checksums => checksumsOf(readData(PUBLISHED), PUBLISHED));

/** The same form as text, sorted, with a heading of comment lines. */
export function formatChecksums(checksums: Checksums, heading: string): string {
  const lines = heading.split('\n').map((line) => `# ${line}\n`);
  return lines.join('') + dump(Object.fromEntries(checksums), { sortKeys: true, lineWidth: -1 });
}

/**
 * The same of a file that was read; `name` is for errors.
 * @throws E_CHECKSUMS_FILE
 */
export function checksumsOf(data: unknown, name: string): Checksums {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new BootstrapError('E_CHECKSUMS_FILE', `${name} does not hold "path: checksum" lines`, {
      where: { file: name },
    });
  }
  const entries = Object.entries(data as Record<string, unknown>);
  // Of a file that may be any on this machine nothing is told but the place.
  const bad = entries.findIndex(([, sum]) => !isSha256(sum) && !isSha512(sum));
  if (bad >= 0) {
    throw new BootstrapError('E_CHECKSUMS_FILE', `${name}: what entry ${bad + 1} says is no checksum`, {
      hint: 'A SHA-256 is 64 lower-case hex digits, as sha256sum prints it, a SHA-512 128. Quote it if it is all digits.',
      where: { file: name },
    });
  }
  return new Map(entries as [string, string][]);
}
