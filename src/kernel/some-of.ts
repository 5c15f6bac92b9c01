/** Names in a sentence: the first ones, and how many more there are. */
export const someOf = (names: readonly string[], most = 10): string =>
  names.length > most
    ? `${names.slice(0, most).join(', ')} and ${names.length - most} more`
    : names.join(', ');
