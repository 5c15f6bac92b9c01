import { stripVTControlCharacters } from 'node:util';

/**
 * A terminal as far as the live view uses one: it wraps, scrolls and reflows, and knows the few sequences it should be
 * sent. Any other throws.
 */
export class Screen {
  /** All lines since the beginning; the last `rows` of them are in the window. */
  private lines: string[] = [''];
  private row = 0;
  private column = 0;
  private wraps = true;
  private rest = '';
  /** Pieces of one long line: all but the last say so, for reflowing. */
  private wrapped = new Set<number>();
  cursorVisible = true;

  columns: number;
  rows: number;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    const all = this.rest + text;
    // A pipe may cut anywhere, also in a sequence.
    // eslint-disable-next-line no-control-regex -- that is what it is about
    this.rest = /\u001b(\[[?\d;]*)?$/.exec(all)?.[0] ?? '';
    const whole = all.slice(0, all.length - this.rest.length);
    // eslint-disable-next-line no-control-regex -- as above
    for (const [part] of whole.matchAll(/\u001b\[[?\d;]*[A-Za-z]|[^]/gu)) {
      if (part.startsWith('\u001b')) this.control(part);
      else if (part === '\r') this.column = 0;
      else if (part === '\n') this.newLine();
      else this.put(part);
    }
  }

  /** What somebody sees who scrolls up, without blank lines at the end. */
  text(): string {
    return this.lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  /** What is in the window. */
  window(): string[] {
    return this.lines.slice(this.top());
  }

  /** As tmux and others do: long lines are cut anew, and the cursor stays where it was in the text. */
  resize(columns: number, rows: number): void {
    const long: string[] = [];
    let row = 0;
    this.lines.forEach((line, index) => {
      if (index > 0 && this.wrapped.has(index - 1)) long.push(`${long.pop() ?? ''}${line}`);
      else long.push(line);
      if (index === this.row) row = long.length - 1;
    });
    this.lines = [];
    this.wrapped = new Set();
    this.columns = columns;
    this.rows = rows;
    long.forEach((line, index) => {
      if (index === row) this.row = this.lines.length;
      const pieces = Array.from({ length: Math.max(1, Math.ceil(line.length / columns)) }, (_, piece) =>
        line.slice(piece * columns, (piece + 1) * columns),
      );
      pieces.slice(1).forEach((_, piece) => this.wrapped.add(this.lines.length + piece));
      this.lines.push(...pieces);
    });
  }

  private top(): number {
    return Math.max(0, this.lines.length - this.rows);
  }

  private control(sequence: string): void {
    // eslint-disable-next-line no-control-regex -- as above
    const up = /^\u001b\[(\d+)A$/.exec(sequence);
    if (up) this.row = Math.max(this.top(), this.row - Number(up[1]));
    else if (sequence === '\u001b[K') this.replace((line) => line.slice(0, this.column));
    else if (sequence === '\u001b[J') {
      this.replace((line) => line.slice(0, this.column));
      this.lines.length = this.row + 1;
    } else if (sequence === '\u001b[?7l') this.wraps = false;
    else if (sequence === '\u001b[?7h') this.wraps = true;
    else if (sequence === '\u001b[?25l') this.cursorVisible = false;
    else if (sequence === '\u001b[?25h') this.cursorVisible = true;
    else if (stripVTControlCharacters(sequence) !== '' || !sequence.endsWith('m'))
      throw new Error(`the view sends ${JSON.stringify(sequence)}`);
  }

  private put(character: string): void {
    if (this.column >= this.columns) {
      if (this.wraps) {
        this.wrapped.add(this.row);
        this.newLine();
      } else this.column = this.columns - 1;
    }
    const { column } = this;
    this.replace((line) => line.padEnd(column).slice(0, column) + character + line.slice(column + 1));
    this.column += 1;
  }

  private newLine(): void {
    this.row += 1;
    this.column = 0;
    if (this.row === this.lines.length) this.lines.push('');
    this.wrapped.delete(this.row);
  }

  private replace(change: (line: string) => string): void {
    this.lines[this.row] = change(this.lines[this.row] ?? '');
  }
}
