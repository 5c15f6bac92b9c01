import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

export const dist = fileURLToPath(new URL('../dist/', import.meta.url));
export const file = join(dist, 'k8s-bootstrap.cjs');

/**
 * What V8 compiled of the script at build time. It is taken for exactly this script, and by V8 for exactly its own
 * version; any other compiles anew and starts slower, no more.
 */
export const codeFile = (digest) => join(dist, `${digest}.code`);

/** Runs the program. */
export function load() {
  // Young objects get 16 MB at once instead of by doubling: three collections in a short run, not eleven.
  setFlagsFromString('--semi-space-growth-factor=16');
  const bytes = readFileSync(file);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const code = codeFile(digest);
  const script = new Script(`(function (require, __filename, __dirname) {${bytes.toString('latin1')}\n})`, {
    filename: file,
    cachedData: existsSync(code) ? readFileSync(code) : undefined,
  });
  script.runInThisContext()(createRequire(file), file, dirname(file));
  return { script, digest };
}
