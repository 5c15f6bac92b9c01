import * as z from 'zod';
import type { SchemaNode } from '../issues.ts';
import { inventorySchema } from './schema.ts';

/** JSON Schema (2020-12) of an inventory as it is written, for editors and for `k8s-bootstrap schema`. */
export function inventoryJsonSchema(): SchemaNode & Readonly<Record<string, unknown>> {
  const schema = inventorySchema({ env: {}, folder: '/', home: '/' });
  const { $schema, ...body } = z.toJSONSchema(schema, { io: 'input' });
  return { $schema, title: 'Inventory of k8s-bootstrap', ...body } as SchemaNode & Record<string, unknown>;
}
