import { paths } from '../../kernel/host-paths.ts';
import type { UnitState } from '../../probe/observe.ts';
import { file } from '../file.ts';
import { type Change, type Resource, none } from '../resource.ts';
import { setAside } from './set-aside.ts';
import type { Step } from '../step.ts';

export interface OwnUnitSpec {
  /** Unit name with its ending: `etcd.service`. */
  readonly unit: string;
  readonly content: string | (() => string);
  /** Drop-ins that the inventory says are meant. */
  readonly accepted: readonly string[];
}

export const unitFile = (unit: string): string => `${paths.unitFolder}/${unit}`;

export const dropInsId = (unit: string): string => `drop-ins:${unit}.d`;

/** A unit whose whole text is ours: its file, and nothing else that systemd would read with it or in its place. */
export const ownUnit = ({ unit, content, accepted }: OwnUnitSpec): Resource[] => [
  file({ path: unitFile(unit), content }),
  noDropIns(unit, accepted),
];

/**
 * What somebody has put over a unit of ours, by path: in its own folder of drop-ins, or where `systemctl set-property`
 * writes. What packages bring, and what is there for units of all kinds, is the system's.
 */
export const overridesOf = (unit: string, state: UnitState | undefined): string[] =>
  [...(state?.dropIns ?? []), state?.fragment ?? ''].filter((path) => {
    const [, place = '', name] = PLACE.exec(path) ?? [];
    return name === `${unit}.d` || (name === unit && place.endsWith('.control'));
  });

/** Drop-ins that are for other units, too, and change this one. */
export const sharedDropIns = (unit: string, state: UnitState | undefined): string[] =>
  (state?.dropIns ?? []).filter((path) => {
    const name = PLACE.exec(path)?.[2];
    return name !== undefined && name !== `${unit}.d`;
  });

const PLACE = /^\/(?:etc|run)\/systemd\/(system(?:\.control)?)\/([^/]+)(?:\/[^/]+)?$/;

function noDropIns(unit: string, accepted: readonly string[]): Resource {
  const unwanted = (state: UnitState | undefined): string[] =>
    overridesOf(unit, state).filter((path) => !accepted.includes(path));
  return {
    id: dropInsId(unit),
    title: `${unit}.d`,
    watches: [{ kind: 'unit', key: unit, inputs: [] }],
    diff(seen): Change {
      const found = unwanted(seen.unit(unit));
      return found.length === 0
        ? none('nothing is put over it')
        : { kind: 'delete', summary: `${found.join(', ')}: not in os.acceptDropIns` };
    },
    steps: (_change, seen): Step[] =>
      unwanted(seen.unit(unit)).map((path) => setAside(path, `a drop-in of ${unit}`, dropInsId(unit))),
  };
}
