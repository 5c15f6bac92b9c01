import * as z from 'zod';

/** Snapshots that the members take by themselves. */
export const etcdBackup = () =>
  z.strictObject({
    every: z
      .string()
      .regex(/^[1-9]\d{0,2}[mhd]$/, {
        error: (issue) => `"${String(issue.input)}" is not a time like 30m, 6h or 1d`,
      })
      .describe('30m, 6h, 1d'),
    keep: z.int().min(1).max(1000).default(8).describe('How many stay on each member'),
  });
