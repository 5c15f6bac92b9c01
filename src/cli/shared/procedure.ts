import type { Command } from 'commander';
import { ACCEPT } from './accept.ts';

/** Options of commands that tell their steps first. */
export const procedure = (command: Command): Command =>
  command
    .option('--dry-run', 'tell the steps, and do nothing')
    .option('--yes', 'do not ask')
    .option(...ACCEPT);
