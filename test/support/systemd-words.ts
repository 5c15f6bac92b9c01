/**
 * The words of a command line in a unit file, as systemd gives them to the program: quotes, backslashes, specifiers and
 * variables undone. Knows what systemd.service(5) says and refuses everything that would mean something else.
 * @see https://www.freedesktop.org/software/systemd/man/systemd.service.html#Command%20lines
 */
export function systemdWords(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at += 1;
      continue;
    }
    let word = '';
    const quote = /["']/.test(line[at]!) ? line[at++] : undefined;
    for (;;) {
      const character = line[at];
      if (character === undefined) {
        if (quote !== undefined) throw new Error(`a quote is not closed in ${line}`);
        break;
      }
      at += 1;
      if (quote === undefined && /\s/.test(character)) break;
      if (character === quote) {
        if (at < line.length && !/\s/.test(line[at]!))
          throw new Error(`a quote ends within a word in ${line}`);
        break;
      }
      if (quote === undefined && /["']/.test(character))
        throw new Error(`a quote begins within a word in ${line}`);
      if (character !== '\\') word += character;
      else {
        const escaped = line[at++];
        if (escaped !== '\\' && escaped !== '"' && escaped !== "'")
          throw new Error(`unknown escape in ${line}`);
        word += escaped;
      }
    }
    words.push(withoutVariables(withoutSpecifiers(word)));
  }
  return words;
}

function withoutSpecifiers(word: string): string {
  return word.replaceAll(/%(.?)/gs, (all, letter: string) => {
    if (letter !== '%') throw new Error(`${all} is a specifier`);
    return '%';
  });
}

function withoutVariables(word: string): string {
  return word.replaceAll(/\$(.?)/gs, (all, next: string) => {
    if (next !== '$') throw new Error(`${all} begins a variable`);
    return '$';
  });
}
