import type { ExtraArgs, Host } from '../../inventory/types.ts';
import type { ComponentName } from '../../kernel/components.ts';
import { paths } from '../../kernel/host-paths.ts';
import { dropInsId, ownUnit } from '../../resources/foreign/drop-ins.ts';
import { fileId } from '../../resources/file.ts';
import { revisionFile } from '../../probe/probers/units.ts';
import type { Resource } from '../../resources/resource.ts';
import { service } from '../../resources/service.ts';
import { commandLine, flagNotes, flagsFor } from '../../templates/flags.ts';
import { type UnitTemplates, renderUnit } from '../../templates/unit.ts';
import type { World } from '../phase.ts';

export interface ComponentUnit<Name extends ComponentName> {
  readonly name: Name;
  readonly binary: string;
  /** What the `{names}` of `templates/flags/MINOR/NAME.yaml` stand for. */
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Fields of the unit's template beyond those that all have. */
  readonly context: Omit<UnitTemplates[Name], 'command' | 'flagNotes' | 'revisionFile'>;
  readonly extraArgs: ExtraArgs;
  /** Ids of what it reads: their change restarts it. */
  readonly restartOn: readonly string[];
  /** Files it reads: what its revision is computed over. */
  readonly inputs: readonly string[];
  /** A reason to start it anew while it runs that no file tells. */
  readonly lacks?: string | undefined;
}

export const unitPath = (name: string): string => `${paths.unitFolder}/${name}.service`;

/** The unit file of a component and the service that runs it, restarted with its inputs. */
export function component<Name extends ComponentName>(
  world: World,
  host: Host,
  spec: ComponentUnit<Name>,
): Resource[] {
  const { name } = spec;
  const unit = `${name}.service`;
  const content = (): string => {
    const extra = [spec.extraArgs, host.extraArgs[name] ?? {}];
    const flags = flagsFor(
      { minor: world.release.minor, component: name },
      world.inventory.profile,
      spec.values,
      extra,
    );
    const common = {
      command: commandLine(spec.binary, flags),
      flagNotes: flagNotes(flags, (flag) => world.release.flag(name, flag)),
      revisionFile: revisionFile(unit),
    };
    return renderUnit(name, { ...common, ...spec.context } as UnitTemplates[Name]);
  };
  // All others watch the API, which may go back to a snapshot.
  const watched = name === 'etcd' ? [] : [paths.restored];
  return [
    ...ownUnit({ unit, content, accepted: world.inventory.os.acceptDropIns }),
    service({
      unit,
      restartOn: [
        ...[unitPath(name), spec.binary, ...watched].map(fileId),
        dropInsId(unit),
        ...spec.restartOn,
      ],
      inputs: [unitPath(name), ...spec.inputs, ...watched],
      lacks: spec.lacks,
    }),
  ];
}
