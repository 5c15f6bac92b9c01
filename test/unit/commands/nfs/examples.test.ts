import { readFileSync, readdirSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly storageClassName?: string;
    readonly accessModes?: readonly string[];
    readonly volumes?: readonly { readonly persistentVolumeClaim: { readonly claimName: string } }[];
  };
}

const folder = new URL('../../../../docs/examples/nfs/', import.meta.url);

describe.each(readdirSync(folder))('docs/examples/nfs/%s', (name) => {
  const objects = loadAll(readFileSync(new URL(name, folder), 'utf8')) as Manifest[];
  const of = (kind: string): Manifest | undefined => objects.find((object) => object.kind === kind);

  it('has a claim, and a pod that uses it', () => {
    const claim = of('PersistentVolumeClaim');
    expect(of('Pod')?.spec.volumes?.[0]?.persistentVolumeClaim.claimName).toBe(claim?.metadata.name);
    expect(objects.every(({ apiVersion }) => apiVersion === 'v1')).toBe(true);
  });

  it('has a volume that its claim fits, or leaves that to the provisioner', () => {
    const [claim, volume] = [of('PersistentVolumeClaim')?.spec, of('PersistentVolume')?.spec];
    if (name.startsWith('dynamic')) {
      expect(volume).toBeUndefined();
      expect(claim?.storageClassName).toBe('nfs-client');
    } else {
      expect(claim?.storageClassName).toBe(volume?.storageClassName);
      expect(claim?.accessModes).toEqual(volume?.accessModes);
    }
  });
});
