import { isMapping } from '../../kernel/mapping.ts';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parseDocument } from '../../inventory/document.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';

/** Settings of an inventory as they are written, without its name, hosts and groups. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Reads what a new inventory takes over from another: everything but name, hosts and groups. Paths that are relative
 * to that file become absolute, so that they mean the same in the new one.
 * @throws E_INVENTORY_FILE, E_YAML
 */
export async function settingsFrom(file: string): Promise<Settings> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new BootstrapError('E_INVENTORY_FILE', `cannot read ${file}: ${(cause as Error).message}`, {
      cause,
      hint: '--from names an inventory whose settings are taken over.',
      exitCode: ExitCode.usage,
    });
  });
  const { value } = parseDocument(bytes, file);
  if (!isMapping(value)) {
    throw new BootstrapError('E_YAML', `${file} is not a mapping of settings`, { exitCode: ExitCode.usage });
  }
  const own = ['name', 'hosts', 'groups'];
  const settings = Object.entries(value).filter(([key]) => !own.includes(key));
  return rebased(Object.fromEntries(settings), dirname(resolve(file)));
}

/** Where paths of this machine stand in an inventory. */
const PATHS: readonly (readonly string[])[] = [
  ['ssh', 'keys'],
  ['ssh', 'jump', 'keys'],
  ['defaults', 'ssh', 'keys'],
  ['artifacts', 'mirrors'],
  ['artifacts', 'checksums'],
  ['artifacts', 'cache'],
];

function rebased(settings: Settings, folder: string): Settings {
  const copy = structuredClone(settings) as Record<string, unknown>;
  const absolute = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(absolute);
    const isRelative = typeof value === 'string' && !isAbsolute(value) && !/^(?:~|https?:|\$\{)/.test(value);
    return isRelative ? resolve(folder, value) : value;
  };
  for (const path of PATHS) {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((at, key) => (isMapping(at) ? at[key] : undefined), copy);
    const key = path.at(-1) ?? '';
    if (isMapping(parent) && key in parent) parent[key] = absolute(parent[key]);
  }
  return copy;
}

/** A mapping of settings within settings; empty when there is none. */
export const part = (settings: Settings, key: string): Record<string, unknown> => {
  const value = settings[key];
  return isMapping(value) ? { ...value } : {};
};
