import * as z from 'zod';
import type { ComponentName, ConfiguredComponent } from '../kernel/components.ts';
import { namesIn, readData } from '../kernel/data.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { ONCE } from '../kernel/once.ts';

const text = z.string().min(1);
const versioned = z.strictObject({ version: text, tried: z.array(text) });
const packageNames = z.strictObject({ rhel: z.array(text), debian: z.array(text), below: text });

const weakness = z
  .strictObject({
    id: z.string().regex(/^CVE-\d{4}-\d{4,}$/),
    says: text,
    link: z.url(),
    mendedIn: text.optional(),
    remedy: text.optional(),
  })
  .refine(({ mendedIn, remedy }) => mendedIn !== undefined || remedy !== undefined);

const releaseSchema = z.strictObject({
  kubernetes: text,
  etcd: versioned,
  cni: versioned,
  flannel: versioned,
  pause: text,
  coredns: text,
  packages: z.strictObject({ docker: packageNames, containerd: packageNames }),
  weaknesses: z.array(weakness),
});

const archive = z.strictObject({ folder: z.string(), members: z.array(text) });
const place = z.strictObject({ path: text, official: z.array(text) });
const source = place.extend({
  names: z.array(text),
  archive: archive.optional(),
  within: place.extend({ name: text, archive }).optional(),
});

const artifactsSchema = z.strictObject({
  architectures: z.record(text, z.enum(['amd64', 'arm64'])),
  // Beside what goes with a release there are the programs of add-ons.
  sources: z.object({ kubernetes: source, etcd: source, cni: source, flannel: source }).catchall(source),
});

const flagTableSchema = z.strictObject({
  /** Page that lists all flags of the component. */
  reference: text,
  set: z.record(
    text,
    z.strictObject({ why: text, link: text, cis: z.union([text, z.array(text)]).optional() }),
  ),
  known: z.array(text),
  deprecated: z.array(text),
});

const fieldKind = z.enum([
  'text',
  'whole',
  'number',
  'boolean',
  'duration',
  'texts',
  'text map',
  'boolean map',
  'texts map',
]);

/** Fields of a configuration file, by what each holds. */
export interface ConfigFields {
  readonly [name: string]: z.infer<typeof fieldKind> | ConfigFields;
}

const configFields: z.ZodType<ConfigFields> = z.record(
  text,
  z.union([fieldKind, z.lazy(() => configFields)]),
);

const requirement = z.strictObject({
  name: text,
  only: text.optional(),
  never: text.optional(),
  needs: z.array(text).default([]),
  required: z.boolean().default(false),
  profile: text.optional(),
  course: z.boolean().default(false),
  because: text,
  cis: z.union([text, z.array(text)]).default([]),
});
const hardening = z.record(
  text,
  z.strictObject({
    flags: z.array(requirement).default([]),
    fields: z.array(requirement).default([]),
  }),
);

export type ReleaseData = z.infer<typeof releaseSchema>;
/** What is known to be weak in a version: one sentence, where to read more, and what mends it. */
export type Weakness = z.infer<typeof weakness>;
export type RequirementData = z.infer<typeof requirement>;
export type SourceData = z.infer<typeof source>;
export type ArtifactsData = z.infer<typeof artifactsSchema>;
export type FlagTableData = z.infer<typeof flagTableSchema>;

/** Names of the `v….yaml` files, without their ending, in no order. */
export const releaseNames = (): string[] =>
  namesIn('release')
    .filter((name) => /^v\d.*\.yaml$/.test(name))
    .map((name) => name.slice(0, -'.yaml'.length));

export const readRelease = (version: string): ReleaseData => read(`${version}.yaml`, releaseSchema);

export const readArtifacts = (): ArtifactsData => read('artifacts.yaml', artifactsSchema);

/** `minor` is that of Kubernetes: `v1.16`. */
export const readFlagTable = (minor: string, component: ComponentName): FlagTableData =>
  read(`flags/${minor}/${component}.yaml`, flagTableSchema);

export const readConfigFields = (minor: string, component: ConfiguredComponent): ConfigFields =>
  read(`config/${minor}/${component}.yaml`, configFields);

export const readHardening = (minor: string): z.infer<typeof hardening> =>
  read(`hardening/${minor}.yaml`, hardening);

/** Asked for each binary of each host, and the same for the whole run. */
const loaded = new Map<string, unknown>();

/**
 * A file of `release/`, read once.
 * @throws E_RELEASE_DATA when it does not fit the schema
 */
export function read<T>(name: string, schema: z.ZodType<T>): T {
  const file = `release/${name}`;
  try {
    const known = loaded.get(name) ?? schema.parse(readData(file), ONCE);
    loaded.set(name, known);
    return known as T;
  } catch (cause) {
    throw new BootstrapError('E_RELEASE_DATA', `${file} is damaged`, {
      hint: 'Install k8s-bootstrap again.',
      where: { file },
      cause,
    });
  }
}
