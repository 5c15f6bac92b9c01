/** Option of the commands that may leave hosts as they are. */
export const LIMIT = [
  '--limit <host...>',
  'change these hosts only; the others are looked at and left as they are',
] as const;
