import type { Argument, Command, Option } from 'commander';

/** What a word can become, and one line about it. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/**
 * Values by what stands for them in a command's usage: `phase` of `--only <phase...>`, `host` of `logs <unit> [host...]`.
 * @param inventory the one that the words before name
 */
export type Values = (name: string, inventory: string | undefined) => Promise<readonly string[]>;

/** How far the words before the last one have come. */
interface Position {
  readonly command: Command;
  /** Arguments of the command that are there. */
  readonly given: number;
  /** Whose value comes next. */
  readonly option: Option | undefined;
  readonly used: readonly string[];
  readonly inventory: string | undefined;
}

/**
 * What the last word can become, by the commands as they are defined.
 * @param words all words of the command line behind the program's name, the last of them still being typed
 */
export async function candidates(
  root: Command,
  words: readonly string[],
  values: Values,
): Promise<readonly Candidate[]> {
  // bash makes three words of `--only=etcd`.
  const typed = words.filter((word, index) => word !== '=' || index === words.length - 1);
  const last = typed.at(-1) ?? '';
  const current = last === '=' ? '' : last;
  const position = positionAfter(root, typed.slice(0, -1));
  const fitting = (await possible(position, current, values)).filter(({ word }) => word.startsWith(current));
  return [...new Map(fitting.map((one) => [one.word, one])).values()];
}

async function possible(position: Position, current: string, values: Values): Promise<Candidate[]> {
  const { command, given, option, used, inventory } = position;
  const named = async (name: string, choices: readonly string[] | undefined): Promise<Candidate[]> =>
    (choices ?? (await values(name, inventory))).map((word) => ({ word, about: '' }));
  const ofOption = (one: Option): Promise<Candidate[]> => named(valueName(one), one.argChoices);
  if (option && !current.startsWith('-')) return ofOption(option);
  const [, long = ''] = /^(--[^=]+)=/.exec(current) ?? [];
  if (long !== '') {
    const meant = command.options.find((one) => one.long === long);
    const found = meant ? await ofOption(meant) : [];
    return found.map(({ word, about }) => ({ word: `${long}=${word}`, about }));
  }
  if (current.startsWith('-')) return optionsOf(command, used);
  const argument = argumentAt(command, given);
  return [
    ...(given === 0 ? subcommandsOf(command) : []),
    ...(argument ? await named(argument.name(), argument.argChoices) : []),
  ];
}

function positionAfter(root: Command, words: readonly string[]): Position {
  let command = root;
  let given = 0;
  let option: Option | undefined;
  let inventory: string | undefined;
  const used: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) {
      const [flag = '', value] = word.split('=', 2);
      const found = command.options.find(({ long, short }) => long === flag || short === flag);
      if (found && !found.variadic) used.push(found.long ?? flag);
      option = found && found.required && value === undefined ? found : undefined;
      if (found?.long === '--inventory' && value !== undefined) inventory = value;
      continue;
    }
    if (option) {
      if (option.long === '--inventory') inventory = word;
      if (!option.variadic) option = undefined;
      continue;
    }
    const below = given === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (below) {
      command = below;
      continue;
    }
    if (argumentAt(command, given)?.name() === 'inventory') inventory = word;
    given += 1;
  }
  return { command, given, option, used, inventory };
}

const argumentAt = ({ registeredArguments }: Command, index: number): Argument | undefined =>
  registeredArguments[index] ?? registeredArguments.findLast(({ variadic }) => variadic);

/** `phase` of `--only <phase...>`. */
const valueName = ({ flags }: Option): string => /<([^>.]+)/.exec(flags)?.[1] ?? '';

const optionsOf = (command: Command, used: readonly string[]): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long && !used.includes(long))
    .map(({ long, description }) => ({ word: long ?? '', about: description }));

const subcommandsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), about: one.description() }));
