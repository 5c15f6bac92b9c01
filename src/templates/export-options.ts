import * as z from 'zod';
import { readData } from '../kernel/data.ts';
import { ONCE } from '../kernel/once.ts';

const schema = z.strictObject({
  options: z.array(
    z.strictObject({
      name: z.string(),
      set: z.string(),
      default: z.boolean().default(false),
      against: z.array(z.string()).default([]),
      value: z.string().optional(),
      bare: z.boolean().default(false),
      does: z.string(),
    }),
  ),
});

/** An option of `templates/nfs/export-options.yaml`. */
export type ExportOption = z.infer<typeof schema>['options'][number];

let loaded: readonly ExportOption[] | undefined;

/** All options, in the order in which they are written. */
export function exportOptions(): readonly ExportOption[] {
  loaded ??= schema.parse(readData('templates/nfs/export-options.yaml'), ONCE).options;
  return loaded;
}
