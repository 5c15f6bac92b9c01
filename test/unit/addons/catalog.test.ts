import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { addonCatalog, addonData, isInCluster } from '../../../src/addons/catalog.ts';
import { addonKinds } from '../../../src/addons/objects.ts';
import { readYamlAll } from '../../../src/kernel/yaml.ts';
import { programPaths } from '../../../src/phases/addons/programs.ts';
import { loadRelease } from '../../../src/release/release.ts';
import { listPath } from '../../../src/resources/cluster/kube-api.ts';
import { fileTexts } from '../../../src/texts/texts.ts';

const FOLDER = new URL('../../../addons/', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, FOLDER), 'utf8');

/** What `addon.yaml` may have; the program takes it as it is. */
const shape = z.strictObject({
  name: z.string(),
  title: z.string(),
  why: z.string().regex(/\.$/),
  link: z.url(),
  version: z.string().regex(/^v\d/),
  namespace: z.string(),
  images: z.record(z.string(), z.string().regex(/:[^:/]+$/, 'an image is pinned')),
  values: z.record(
    z.string(),
    z.strictObject({
      type: z.enum(['boolean', 'count', 'duration', 'labels', 'object-name', 'port', 'secret']),
      default: z.unknown().optional(),
      wellKnown: z.array(z.string()).optional(),
      says: z.string(),
    }),
  ),
  needs: z.array(z.enum(['tokens', 'aggregation', 'host-network'])),
  requires: z.array(z.string()),
  binaries: z.array(z.string()),
  healthy: z.array(z.string().regex(/^\/apis?\//)),
  follows: z.record(z.string().regex(/^\/apis\//), z.string().regex(/^\/apis\//)),
  ports: z.array(z.string().regex(/^\d+\/(?:tcp|udp)$/)),
  opens: z.array(z.string().regex(/\.$/)).min(1),
  tried: z.string().regex(/\.$/),
  cautions: z.array(z.string()),
});

describe('the catalog of add-ons', () => {
  it('has each folder of objects but that of CoreDNS, which dns: is about', () => {
    const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(
      addonCatalog()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      folders
        .map(({ name }) => name)
        .filter((name) => name !== 'coredns')
        .sort(),
    );
  });

  it('refuses a name that is in nobody’s schema', () => {
    expect(() => addonData('toString')).toThrow(expect.objectContaining({ code: 'E_BUG' }));
  });

  it('asks for the objects of each kind once, in all namespaces, by the names that the API has for them', () => {
    expect(addonKinds('metrics-server').map(listPath)).toEqual([
      '/api/v1/serviceaccounts',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      '/apis/rbac.authorization.k8s.io/v1/rolebindings',
      '/api/v1/services',
      '/apis/apps/v1/deployments',
      '/apis/apiregistration.k8s.io/v1/apiservices',
    ]);
  });
});

describe.each(addonCatalog().map((addon) => [addon.name, addon] as const))('%s', (name, addon) => {
  const text = readdirSync(new URL(`${name}/`, FOLDER))
    .filter((file) => file.startsWith('objects'))
    .map((file) => textOf(`${name}/${file}`))
    .join('---\n');
  const objects = readYamlAll(text) as {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
  }[];

  it('is written as the program reads it', () => {
    expect(shape.safeParse(addon).error).toBeUndefined();
  });

  it('has objects where it says what must be well, and brings something', () => {
    expect(isInCluster(addon)).toBe(objects.length > 0);
    expect(objects.length + addon.binaries.length).toBeGreaterThan(0);
  });

  it('has programs that can be had in its version, and are explained', () => {
    const release = loadRelease('v1.16.3');
    for (const binary of addon.binaries) {
      expect(release.artifact(binary, 'amd64', addon.version).checksum, binary).toMatch(/^[0-9a-f]{64}$/);
    }
    const explained = fileTexts().map(({ path }) => path);
    expect(explained).toEqual(expect.arrayContaining(programPaths(addon) as string[]));
  });

  it('comes behind what it requires', () => {
    const names = addonCatalog().map((one) => one.name);
    for (const other of addon.requires) expect(names.indexOf(other)).toBeLessThan(names.indexOf(name));
  });

  it('uses all its values and images, and has no image of another name', () => {
    const given = [
      ...Object.keys(addon.values),
      ...Object.keys(addon.images).map((image) => `image:${image}`),
    ];
    const code = text.replaceAll(/^ *#.*$/gm, '');
    for (const one of given) expect(code).toContain(`{${one}}`);
    expect([...code.matchAll(/^\s*(?:- )?image: (.*)$/gm)].map(([, image]) => image)).toSatisfy(
      (all: string[]) => all.every((image) => /^'\{image:[\w-]+\}'$/.test(image)),
    );
  });

  it('keeps to its namespace and to kube-system', () => {
    const spaces = objects.flatMap(({ metadata: { namespace } }) =>
      namespace === undefined ? [] : [namespace],
    );
    expect(spaces.filter((one) => one !== addon.namespace && one !== 'kube-system')).toEqual([]);
  });

  it('has no object twice, and none of a kind in the lists of which the plan could not find it', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(objects.map(({ kind }) => kind)).not.toContain('Namespace');
  });
});
