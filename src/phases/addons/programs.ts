import type { AddonData } from '../../addons/catalog.ts';
import type { Host } from '../../inventory/types.ts';
import { binaryFolder, binaryPath } from '../../kernel/host-paths.ts';
import { programsIn } from '../../release/release.ts';
import type { Resource } from '../../resources/resource.ts';
import type { World } from '../phase.ts';
import { archiveBinary } from '../shared/binaries.ts';

/** Where the programs of an add-on are on every master. */
export const programPaths = ({ binaries }: Pick<AddonData, 'binaries'>): readonly string[] =>
  binaries.flatMap(programsIn).map(binaryPath);

/** What an add-on brings to a master beside its objects, or instead of any. */
export const programs = (world: World, host: Host, { binaries, version }: AddonData): Resource[] =>
  binaries.flatMap((name) =>
    programsIn(name).map((program) =>
      archiveBinary(world, host, { name, version, isCommon: true }, program, binaryFolder),
    ),
  );
