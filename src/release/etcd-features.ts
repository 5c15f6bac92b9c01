import { coerce, gte } from 'semver';
import * as z from 'zod';
import { read } from './release-data.ts';

const schema = z.strictObject({ learner: z.string().regex(/^\d+\.\d+\.\d+$/) });

/** Whether an etcd can do it, by the rows of `release/etcd-features.yaml`; one that told no version cannot. */
export function etcdCan(feature: keyof z.infer<typeof schema>, version: string | undefined): boolean {
  const known = coerce(version ?? '');
  return known !== null && gte(known, read('etcd-features.yaml', schema)[feature]);
}
