import { program } from './program.ts';

const { argv, env, stdin, stdout, stderr } = process;
void program({ argv, env, stdin, stdout, stderr }).then((code) => {
  process.exitCode = code;
});
