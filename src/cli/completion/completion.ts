import { Argument, type Command } from 'commander';
import { SHELLS, type Shell, completionScript } from '../../templates/completion.ts';
import type { Cli } from '../shared/context.ts';

export function registerCompletion(root: Command, { around }: Cli): void {
  const print = (text: string): void => void around.stdout.write(text);
  root
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script to print').choices(SHELLS))
    .description('print what a shell needs to complete words: source <(k8s-bootstrap completion bash)')
    .action((shell: Shell) => {
      print(completionScript(shell));
    });

  root
    .command('__complete [words...]', { hidden: true })
    .description('what the last of these words can become; asked by the shell while somebody types')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const [{ candidates }, { valuesFor }] = await Promise.all([
        import('./candidates.ts'),
        import('./candidate-values.ts'),
      ]);
      try {
        const found = await candidates(root, words, valuesFor(around.env));
        print(found.map(({ word, about }) => `${word}\t${about}\n`).join(''));
      } catch {
        // Nobody who types wants to read why there is nothing to choose from.
      }
    });
}
