import { BootstrapError } from './errors.ts';

/**
 * Quotes one value for POSIX sh. The only way a value reaches a shell in this program.
 * @throws E_QUOTE when the value holds a NUL byte, which no shell word can carry
 */
export function quote(value: string): string {
  if (value.includes('\0')) throw new BootstrapError('E_QUOTE', 'a value for the shell contains a NUL byte');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

type Quotable = string | number | readonly (string | number)[];

/** Template tag for shell text: each interpolation is quoted; arrays become several words. */
export function sh(strings: TemplateStringsArray, ...values: Quotable[]): string {
  return strings.reduce((text, literal, index) => {
    const value = values[index - 1] ?? '';
    const words = Array.isArray(value) ? (value as (string | number)[]) : [value as string | number];
    return text + words.map((word) => quote(String(word))).join(' ') + literal;
  });
}
