import * as z from 'zod';
import { type AddonData, type AddonValue, type ValueType, addonCatalog } from '../../addons/catalog.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Addon } from '../types.ts';
import { port, secret, type Surroundings } from './fields.ts';
import { imageName } from './registry-fields.ts';

/** What else belongs to the cluster: a key for each of `addons/catalog.yaml`. */
export const addonsSchema = (surroundings: Surroundings) =>
  z
    .strictObject(
      Object.fromEntries(
        addonCatalog().map((addon) => [
          addon.name,
          addonSchema(addon, surroundings).optional().describe(addon.why),
        ]),
      ),
    )
    .default({});

/** In the order in which they are made. */
export const resolveAddons = (written: z.output<ReturnType<typeof addonsSchema>>): readonly Addon[] =>
  addonCatalog().flatMap(({ name }) => {
    const settings = written[name];
    if (!settings) return [];
    const { images = {}, ...values } = settings as { readonly images?: Addon['images'] } & Addon['values'];
    return [{ name, images, values }];
  });

const addonSchema = ({ images, values }: AddonData, surroundings: Surroundings) =>
  z.strictObject({
    ...(Object.keys(images).length > 0 && { images: imagesSchema(images) }),
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, valueSchema(value, surroundings)]),
    ),
  });

const imagesSchema = (images: AddonData['images']) =>
  z
    .strictObject(
      Object.fromEntries(
        Object.entries(images).map(([name, image]) => [
          name,
          imageName().default(image).describe(`Where ${name} comes from`),
        ]),
      ),
    )
    .prefault({})
    .describe('Images by their short name');

function valueSchema(value: AddonValue, surroundings: Surroundings): z.ZodType {
  const one = TYPES[value.type](surroundings);
  return (value.default === undefined ? one : one.prefault(value.default as never)).describe(value.says);
}

const refused =
  (what: string) =>
  (issue: { readonly input?: unknown }): string =>
    `"${String(issue.input)}" is not ${what}`;

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const OBJECT = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const TYPES: Readonly<
  Record<ValueType, (surroundings: Surroundings) => z.ZodType<string | number | boolean | Secret | object>>
> = {
  boolean: () => z.boolean(),
  count: () => z.int().min(1).max(1000),
  duration: () => z.string().regex(/^[1-9]\d{0,5}[smh]$/, { error: refused('a time like 30s, 5m or 2h') }),
  labels: () =>
    z.record(
      z.string().regex(LABEL_KEY, { error: refused('a key of a label') }),
      z.string().regex(LABEL_VALUE, { error: refused('a value of a label') }),
    ),
  'object-name': () => z.string().regex(OBJECT, { error: refused('a name of an object') }),
  port: () => port(),
  secret: (surroundings) => secret(surroundings),
};
