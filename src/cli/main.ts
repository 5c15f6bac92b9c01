import { program } from './program.ts';

const { argv, env, stdin, stdout, stderr } = process;
void program({ argv, env, stdin, stdout, stderr }).then((code) => {
  process.exitCode = code;
});
// When nothing is left to do: without it Node takes its engine apart piece by piece, which takes 10 ms.
process.once('beforeExit', () => process.exit());
