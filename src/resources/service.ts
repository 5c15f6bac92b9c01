import type { UnitState } from '../probe/observe.ts';
import { type Change, type Resource, changes, none } from './resource.ts';
import type { Step } from './step.ts';

export interface ServiceSpec {
  /** Unit name with its ending: `etcd.service`. */
  readonly unit: string;
  /** Resources whose change restarts it: ids on the same host. */
  readonly restartOn: readonly string[];
  /** Files its revision is computed over: what the running process must have been started with. */
  readonly inputs: readonly string[];
  /** A reason to start it anew while it runs that no file tells. */
  readonly lacks?: string | undefined;
  /**
   * Whether a reload puts a new process in the place of the old one, which a restart would do with an interruption. As
   * the new one gets its environment anew, it tells its revision like one that was restarted.
   */
  readonly reloads?: boolean;
}

export const serviceId = (unit: string): string => `service:${unit}`;

/**
 * A unit that runs, is enabled, and runs *what is on disk*: it is restarted (or reloaded) when an input changes in
 * this plan, or when the running process was started with other inputs than are there now, so that a
 * run which died between writing and restarting is completed by the next.
 */
export function service({ unit, restartOn, inputs, lacks, reloads = false }: ServiceSpec): Resource {
  const again = reloads ? 'reload' : 'restart';
  return {
    id: serviceId(unit),
    title: unit,
    watches: [{ kind: 'unit', key: unit, inputs }],
    diff(seen, upstream): Change {
      const state = seen.unit(unit);
      const changed = restartOn.filter((id) => changes(upstream.get(id) ?? none('')));
      const running = state?.active === 'active';
      const because = running
        ? [
            ...changed.map((id) => `${id.slice(id.indexOf(':') + 1)} changes`),
            // Of a masked unit systemd always says so; the process itself runs what it ran before.
            ...(state.needsReload && !isMasked(state)
              ? ['its unit file is newer than what systemd has loaded']
              : []),
            ...(lacks === undefined ? [] : [lacks]),
            ...(state.binaryReplaced ? ['its binary was replaced'] : []),
            ...(changed.length === 0 && state.runningRevision !== state.diskRevision
              ? ['it was started before its files last changed']
              : []),
          ]
        : [state?.active === 'failed' ? 'it has failed' : 'it is not running'];
      if (because.length > 0) {
        const interrupts = running && !reloads;
        return { kind: 'restart', summary: running ? again : 'start', because, interrupts };
      }
      return state?.enabled === 'enabled'
        ? none('runs what is on disk')
        : { kind: 'update', summary: 'enable at boot' };
    },
    steps(change, seen): Step[] {
      const state = seen.unit(unit);
      const verb = state?.active === 'active' ? again : 'restart';
      return [
        ...(state && isMasked(state) ? [{ op: 'unit', verb: 'unmask', unit } as const] : []),
        { op: 'unit', verb: 'enable', unit },
        ...(change.kind === 'restart' ? [{ op: 'unit', verb, unit, inputs } as const] : []),
      ];
    },
  };
}

const isMasked = ({ load, enabled }: UnitState): boolean => load === 'masked' || enabled.startsWith('masked');

/** A unit that must not run, now or after a boot (firewalld when the inventory disables it). */
export function stoppedService(unit: string): Resource {
  return {
    id: serviceId(unit),
    title: unit,
    watches: [{ kind: 'unit', key: unit, inputs: [] }],
    diff(seen): Change {
      const state = seen.unit(unit);
      if (!state || state.load === 'not-found') return none('not installed');
      const off = [
        ...(state.active === 'active' ? ['stop'] : []),
        ...(state.enabled === 'enabled' ? ['disable at boot'] : []),
      ];
      return off.length > 0 ? { kind: 'update', summary: off.join(', ') } : none('stopped and disabled');
    },
    steps: () => [
      { op: 'unit', verb: 'stop', unit },
      { op: 'unit', verb: 'disable', unit },
    ],
  };
}
