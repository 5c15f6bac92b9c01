import * as z from 'zod';
import { read } from './release-data.ts';

const text = z.string().min(1);
const schema = z.array(
  z.strictObject({
    cause: text,
    step: text.optional(),
    pattern: text.optional(),
    timedOut: z.boolean().optional(),
    says: text,
    remedy: text,
  }),
);

/** The rows of `release/nfs-errors.yaml`; the first that fits wins. */
export const nfsErrors = (): z.infer<typeof schema> => read('nfs-errors.yaml', schema);
