import type { Command } from 'commander';

/** For commands that go to hosts which were perhaps never seen. */
export const ACCEPT = [
  '--accept-new-host-keys',
  'trust hosts that were never seen before, and remember their keys',
] as const;

/** Options of commands that tell their steps first. */
export const procedure = (command: Command): Command =>
  command
    .option('--dry-run', 'tell the steps, and do nothing')
    .option('--yes', 'do not ask')
    .option(...ACCEPT);
