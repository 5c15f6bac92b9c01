import { CORE_SCHEMA, load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Made, fieldsOf } from '../support/certificate-fields.ts';
import { KUBEADM_FILES, type TreeId, readGolden, trustTree } from '../support/trust-tree.ts';

/** Half of the table, without kubeadm: what it says about this product is so. The other half is an e2e test's. */
const table = load(readGolden('table.yaml'), { schema: CORE_SCHEMA }) as {
  certificates: Record<TreeId, Row>;
  'only here': Record<TreeId, string>;
};

interface Row {
  readonly 'the same': Record<string, string>;
  readonly different?: Record<string, { readonly here: string; readonly why: string }>;
}

describe('the table that compares with kubeadm', () => {
  let made: Map<TreeId, Made>;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'k8sb-tree-'));
    try {
      made = await trustTree(join(folder, 'state'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000); // 19 pairs of keys

  it('knows every certificate', () => {
    expect(Object.keys(table.certificates)).toEqual(Object.keys(KUBEADM_FILES));
    expect([...Object.keys(table.certificates), ...Object.keys(table['only here'])].toSorted()).toEqual(
      [...made.keys()].toSorted(),
    );
  });

  it.each(Object.entries(table.certificates))('says what %s is like', (id, row) => {
    const certificate = made.get(id as TreeId);
    const different = Object.entries(row.different ?? {});
    expect(certificate && fieldsOf(certificate)).toEqual({
      ...row['the same'],
      ...Object.fromEntries(different.map(([field, { here }]) => [field, here])),
    });
    for (const [field, { why }] of different) expect(why, field).toMatch(/^.{10,}$/);
  });
});
