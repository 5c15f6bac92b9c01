/** Option of all commands that go to hosts which were perhaps never seen. */
export const ACCEPT = [
  '--accept-new-host-keys',
  'trust hosts that were never seen before, and remember their keys',
] as const;
