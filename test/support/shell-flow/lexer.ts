/** Where in shell text one stands: in no quotes, or in those. */
export type Place = 'plain' | 'single' | 'double' | 'comment';

/**
 * Reads on from a place; `$(…)` within double quotes is plain again, and what it was comes back behind it.
 * A value that was quoted for a word is none within quotes: there its own quotes are letters.
 */
export class ShellReader {
  private stack: Place[] = ['plain'];

  get place(): Place {
    return this.stack.at(-1) ?? 'plain';
  }

  read(text: string): void {
    let before = ' ';
    for (let at = 0; at < text.length; at += 1) {
      const sign = text[at] ?? '';
      if (sign === '\\' && this.place !== 'single' && this.place !== 'comment') at += 1;
      else this.take(sign, text[at + 1] ?? '', before);
      before = sign;
    }
  }

  private take(sign: string, next: string, before: string): void {
    const { place } = this;
    if (place === 'comment') {
      if (sign === '\n') this.stack.pop();
    } else if (place === 'single') {
      if (sign === "'") this.stack.pop();
    } else if (sign === '"') {
      if (place === 'double') this.stack.pop();
      else this.stack.push('double');
    } else if (sign === '$' && next === '(') {
      this.stack.push('plain');
    } else if (place === 'plain') {
      if (sign === "'") this.stack.push('single');
      else if (sign === '#' && /[\s;(]/.test(before)) this.stack.push('comment');
      else if (sign === ')' && this.stack.length > 1) this.stack.pop();
    }
  }
}
