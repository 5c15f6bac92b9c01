import type { Observed, Watch } from '../probe/observe.ts';
import { type Change, type Resource, changes, none } from './resource.ts';
import { serviceId } from './service.ts';
import type { Step } from './step.ts';

export interface PackagedServiceSpec {
  readonly unit: string;
  /** Resources whose change restarts it: ids on the same host. */
  readonly restartOn: readonly string[];
  /** Questions behind `reasons`. */
  readonly asks?: readonly Watch[];
  /** Why a unit that runs has to be restarted all the same, by what was seen. */
  readonly reasons?: (seen: Observed) => readonly string[];
  /** Steps between enabling and starting it. */
  readonly before?: readonly Step[];
}

/**
 * A unit that its package brings, and that carries no revision of ours: a daemon of the system, or one that has no
 * process at all (nfs-server starts threads of the kernel). What tells that it runs what is on disk is `reasons`.
 */
export function packagedService(spec: PackagedServiceSpec): Resource {
  const { unit, restartOn, asks = [], reasons = () => [], before = [] } = spec;
  return {
    id: serviceId(unit),
    title: unit,
    watches: [{ kind: 'unit', key: unit, inputs: [] }, ...asks],
    diff(seen, upstream): Change {
      const state = seen.unit(unit);
      const running = state?.active === 'active';
      const changed = restartOn.filter((id) => changes(upstream.get(id) ?? none('')));
      const because = running
        ? [...changed.map((id) => `${id.slice(id.indexOf(':') + 1)} changes`), ...reasons(seen)]
        : [state?.active === 'failed' ? 'it has failed' : 'it is not running'];
      if (because.length > 0) {
        return { kind: 'restart', summary: running ? 'restart' : 'start', because, interrupts: running };
      }
      return startsAtBoot(state?.enabled) ? none('runs') : { kind: 'update', summary: 'enable at boot' };
    },
    steps(change, seen): Step[] {
      const state = seen.unit(unit);
      const masked = state?.load === 'masked' || state?.enabled.startsWith('masked');
      return [
        ...(masked ? [{ op: 'unit', verb: 'unmask', unit } as const] : []),
        { op: 'unit', verb: 'enable', unit },
        ...(change.kind === 'restart' ? [...before, { op: 'unit', verb: 'restart', unit } as const] : []),
      ];
    },
  };
}

/** `indirect`: enabled by way of its socket, as rpcbind is on some releases; `static` ones are started by others. */
const startsAtBoot = (enabled: string | undefined): boolean =>
  ['enabled', 'enabled-runtime', 'indirect', 'alias', 'static'].includes(enabled ?? '');
