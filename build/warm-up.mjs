// Runs the program and writes down what V8 has compiled of it by then.
// usage: node build/warm-up.mjs COMMAND [ARGUMENT...]
import { writeFileSync } from 'node:fs';
import { codeFile, load } from '../bin/load.cjs';

const { script, digest } = load();
process.on('exit', () => {
  writeFileSync(codeFile(digest), script.createCachedData());
});
