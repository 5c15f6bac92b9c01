import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { type Output, command, settings } from './lab.ts';

const source = join(import.meta.dirname, '../pki-go');
const cache = join(settings.cache, 'pki-go');

export const zlintSettings = load(readFileSync(join(source, 'zlint.yaml'), 'utf8'), {
  schema: CORE_SCHEMA,
}) as {
  readonly module: string;
  readonly version: string;
  /** Sources of rules that are not asked, each with the reason. */
  readonly excluded: Readonly<Record<string, string>>;
};

/** The verifier of `pki-go`, built when its source has changed. */
export function goVerifier(): Promise<string> {
  const text = ['go.mod', 'main.go'].map((name) => readFileSync(join(source, name), 'utf8')).join('\0');
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return built(`pki-go-${digest}`, 'pki-go', ['install', '.']);
}

/** zlint, built once for each version. */
export const zlint = (): Promise<string> =>
  built(`zlint-${zlintSettings.version}`, 'zlint', [
    'install',
    `${zlintSettings.module}@${zlintSettings.version}`,
  ]);

/** A program that `go` puts into a folder of the cache; it is there whole or not at all. */
async function built(folder: string, name: string, args: readonly string[]): Promise<string> {
  const program = join(cache, folder, name);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const beside = mkdtempSync(join(cache, '.building-'));
  const env = {
    ...process.env,
    GOBIN: beside,
    GOTOOLCHAIN: 'local',
    GOFLAGS: '-trimpath -buildvcs=false',
  };
  const { code, stderr } = await command('go', args, { cwd: source, env });
  if (code !== 0) throw new Error(`go ${args.join(' ')}: code ${code}\n${stderr}`);
  rmSync(join(cache, folder), { recursive: true, force: true });
  renameSync(beside, join(cache, folder));
  return program;
}

export interface Finding {
  readonly lint: string;
  readonly result: string;
}

/** What zlint has against a certificate: everything but information. */
export async function findings(program: string, file: string): Promise<Finding[]> {
  const excluded = Object.keys(zlintSettings.excluded).join(',');
  const { code, stdout, stderr } = await command(program, ['-excludeSources', excluded, file]);
  if (code !== 0) throw new Error(`zlint ${file}: code ${code}\n${stderr}`);
  const results = JSON.parse(stdout) as Record<string, { readonly result: string }>;
  return Object.entries(results)
    .filter(([, { result }]) => ['warn', 'error', 'fatal'].includes(result))
    .map(([lint, { result }]) => ({ lint, result }));
}

/** Every source of rules that zlint knows. */
export async function lintSources(program: string): Promise<string[]> {
  const { stdout } = await command(program, ['-list-lints-source']);
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `openssl verify` in its strictest form. */
export const opensslVerify = (ca: string, purpose: string, file: string): Promise<Output> =>
  command('openssl', ['verify', '-x509_strict', '-check_ss_sig', '-purpose', purpose, '-CAfile', ca, file]);
