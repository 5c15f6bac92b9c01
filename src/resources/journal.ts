import { quote } from '../kernel/quote.ts';

/**
 * What a component prints below a complaint about its flags: 150 lines of them, indented, under headings. They
 * would leave no room for the complaint.
 */
const USAGE = '^(  |[[:space:]]*$|Usage:|[A-Z][A-Za-z/ ]* flags:$)';

/** Shell that prints the last lines of a unit's journal, as far as they say something. */
export const lastWords = (unit: string, lines: number): string =>
  `journalctl -u ${quote(unit)} -n 400 --no-pager -o cat | grep -vE ${quote(USAGE)} | tail -n ${lines}`;
