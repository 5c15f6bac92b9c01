const { createHash } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

const dist = join(__dirname, '..', 'dist');
const file = join(dist, 'k8s-bootstrap.cjs');

/**
 * What V8 compiled of the script at build time. It is taken for exactly this script, and by V8 for exactly its own
 * version; any other compiles anew and starts slower, no more.
 */
const codeFile = (digest) => join(dist, `${digest}.code`);

/** Runs the program. */
function load() {
  // Young objects get 16 MB at once instead of by doubling: three collections in a short run, not eleven.
  setFlagsFromString('--semi-space-growth-factor=16');
  // What is hot is optimised later than by V8's own measure: in a second it does not pay, in minutes it still does.
  setFlagsFromString('--interrupt-budget=1000000');
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

module.exports = { dist, file, codeFile, load };
