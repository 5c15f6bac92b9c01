import { program } from './program.ts';

const { argv, env, stdin, stdout, stderr } = process;
void program({ argv, env, stdin, stdout, stderr }).then((code) => {
  process.exitCode = code;
});
// Whoever read has left, as `head` does: a run ends as by an interrupt, where it may, and tells nobody.
let isAlone = false;
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!isAlone) process.emit('SIGINT');
    isAlone = true;
  });
}
// When nothing is left to do: without it Node takes its engine apart piece by piece, which takes 10 ms.
process.once('beforeExit', () => process.exit());
