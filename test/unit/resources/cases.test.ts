import { readFileSync, readdirSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { describe as titleOf } from '../../../src/resources/compile.ts';
import { bytes, sha256 } from '../../../src/resources/content.ts';
import { binary } from '../../../src/resources/binary.ts';
import {
  type DirectorySpec,
  type FileSpec,
  absentFile,
  directory,
  file,
} from '../../../src/resources/file.ts';
import type { KubeObject } from '../../../src/kernel/kube-object.ts';
import { kubeObject } from '../../../src/resources/cluster/object.ts';
import type { Change, Resource } from '../../../src/resources/resource.ts';
import { type ServiceSpec, service, stoppedService } from '../../../src/resources/service.ts';
import { sysctl } from '../../../src/resources/sysctl.ts';
import { kernelModule, packages, systemUser } from '../../../src/resources/system.ts';
import { type SeenSpec, observed } from '../../support/observed.ts';

/** One case of `test/cases/resources`: what is wanted (the key that names a maker), what was seen, what follows. */
interface Case {
  readonly name: string;
  readonly seen: SeenSpec;
  /** Ids of resources before it that change in the same plan. */
  readonly upstream?: readonly string[];
  readonly change: Change;
  /** Titles of the steps. */
  readonly steps?: readonly string[];
  /** Code of the error instead of steps. */
  readonly error?: string;
}

interface BinaryCase {
  readonly path: string;
  readonly from: string;
  /** Contents: of what it should be, and of another version. */
  readonly pinned?: string;
  readonly other?: string;
  /** In an archive that is pinned. */
  readonly packed?: boolean;
}

type Maker = (spec: never) => Resource;

const makers: Readonly<Record<string, Maker>> = {
  file: (spec: FileSpec) => file({ ...spec, content: spec.content }),
  directory: (spec: DirectorySpec) => directory(spec),
  absentFile: ({ path, why }: { path: string; why: string }) => absentFile(path, why),
  binary: ({ path, pinned, other = '', packed = false, from }: BinaryCase) =>
    binary({
      path,
      sha256: pinned === undefined ? undefined : sha256(pinned),
      isOther: (digest) => digest === sha256(other),
      comes: () => packed,
      from,
      source: () => Promise.resolve(bytes(pinned ?? '')),
    }),
  service: (spec: ServiceSpec) => service(spec),
  stoppedService: (unit: string) => stoppedService(unit),
  packages: (names: string[]) => packages('yum', names),
  sysctl: ({ key, value }: { key: string; value: string }) => sysctl(key, value),
  module: (name: string) => kernelModule(name),
  user: (spec: { name: string; home: string; comment: string }) => systemUser(spec),
  object: (object: KubeObject) => kubeObject('/x', object, 'kubectl'),
};

const folder = new URL('../../cases/resources/', import.meta.url);

describe.each(readdirSync(folder))('%s', (name) => {
  const cases = load(readFileSync(new URL(name, folder), 'utf8')) as readonly Case[];

  it.each(cases)('$name', async (one) => {
    const [maker, spec] = Object.entries<unknown>({ ...one }).find(([key]) => key in makers)!;
    const resource = makers[maker]!(spec as never);
    const seen = observed(one.seen);
    const upstream = new Map(
      (one.upstream ?? []).map((id): [string, Change] => [id, { kind: 'update', summary: '' }]),
    );
    const change = resource.diff(seen, upstream);
    expect(change).toEqual(one.change);
    expect(resource.diff(seen, upstream), 'the same again').toEqual(change);
    if (one.steps) expect((await resource.steps(change, seen)).map(titleOf)).toEqual(one.steps);
    if (one.error !== undefined) {
      await expect(async () => resource.steps(change, seen)).rejects.toThrow(
        expect.objectContaining({ code: one.error }),
      );
    }
  });
});
