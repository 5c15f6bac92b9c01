import type { FileFact } from '../../answers/cluster.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { imagined } from '../../facts/facts.ts';
import type { Observed } from '../../probe/observe.ts';
import type { Change, Resource } from '../../resources/resource.ts';
import { serviceId } from '../../resources/service.ts';
import type { Cluster } from '../../cluster/open.ts';

/** A resource that a phase wants on a host, by all that can be known without asking it. */
export interface Wanted {
  readonly phase: string;
  readonly title: string;
  readonly host: string;
  readonly resource: Resource;
}

/** Everything that is wanted on freshly installed hosts; CentOS decides where the families differ. */
export function wantedOn(cluster: Cluster): readonly Wanted[] {
  const names = cluster.inventory.hosts.map(({ name }) => name);
  const found = new Map<string, Wanted>();
  for (const family of ['debian', 'centos'] as const) {
    for (const stage of cluster.desire(new Map(names.map((name) => [name, imagined(family)])))) {
      for (const host of stage.hosts) {
        for (const resource of stage.resources(host)) {
          found.set(`${stage.id} ${host} ${resource.id}`, {
            phase: stage.id,
            title: stage.title,
            host,
            resource,
          });
        }
      }
    }
  }
  return [...found.values()];
}

/** One fact for each phase and kind of resource that owns the path. */
export function explainFile(wanted: readonly Wanted[], path: string): readonly FileFact[] {
  const owners = wanted.filter(({ resource }) => resource.owns?.includes(path));
  const groups = groupBy(owners, ({ phase, resource }) => `${phase} ${resource.id}`);
  return [...groups.values()].flatMap((group): FileFact[] => {
    const [first] = group;
    if (!first) return [];
    const hosts = group.map(({ host }) => host);
    return [
      {
        path,
        phase: first.phase,
        title: first.title,
        hosts,
        kind: kindOf(first.resource, path),
        restarts: [...new Set(restartedBy(wanted, hosts, first.resource.id))],
      },
    ];
  });
}

function kindOf({ id, title }: Resource, path: string): string {
  const kind = id.slice(0, id.indexOf(':'));
  if (kind === 'certificate') return id.endsWith(`:${path}`) ? 'a certificate' : `the key of ${title}`;
  if (kind === 'file')
    return path.startsWith('/usr/local/bin/') || path.startsWith('/opt/cni/bin/') ? 'a binary' : 'a file';
  return kind === 'directory' ? 'a folder' : `part of ${title}`;
}

/** Units that restart when the resource changes: that have one more reason to than without the change. */
function restartedBy(wanted: readonly Wanted[], hosts: readonly string[], id: string): string[] {
  const changed = new Map<string, Change>([[id, { kind: 'update', summary: '' }]]);
  const reasons = (resource: Resource, upstream: ReadonlyMap<string, Change>): number => {
    const change = resource.diff(allRunning, upstream);
    return change.kind === 'restart' ? change.because.length : 0;
  };
  const restarts = ({ resource }: Wanted): boolean =>
    reasons(resource, changed) > reasons(resource, new Map());
  return wanted
    .filter(({ host, resource }) => hosts.includes(host) && resource.id.startsWith(SERVICE))
    .filter(restarts)
    .map(({ resource }) => resource.id.slice(SERVICE.length));
}

const SERVICE = serviceId('');

const allRunning: Observed = {
  ...imagined('centos'),
  unit: () => ({
    load: 'loaded',
    active: 'active',
    sub: 'running',
    enabled: 'enabled',
    needsReload: false,
    runningRevision: '',
    diskRevision: '',
    binaryReplaced: false,
    startedAt: '',
    fragment: '',
    dropIns: [],
  }),
};
