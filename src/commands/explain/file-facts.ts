import { basename, dirname } from 'node:path';
import type { FileFact } from '../../answers/cluster.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { imagined } from '../../facts/facts.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Observed } from '../../probe/observe.ts';
import type { Change, Resource } from '../../resources/resource.ts';
import { serviceId } from '../../resources/service.ts';
import type { Cluster } from '../../cluster/open.ts';
import { type HostFiles, caFilesOf, filesOf } from '../../pki/profiles.ts';
import { CA_IDS, LEAF_IDS } from '../../pki/spec.ts';
import { fileText, phaseTitle } from '../../texts/explained.ts';
import type { Language } from '../../texts/language.ts';
import { type Both, certificateTexts, unitTexts } from '../../texts/texts.ts';

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
export function explainFile(
  wanted: readonly Wanted[],
  path: string,
  language: Language,
): readonly FileFact[] {
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
        title: phaseTitle(language, first.phase, first.title),
        hosts,
        ...kindOf(first.resource, path),
        why: fileWhy(path, first.phase)?.[language],
        restarts: [...new Set(restartedBy(wanted, hosts, first.resource.id))],
      },
    ];
  });
}

/** What a file is for: by its own text, or by that of the certificate or unit that it is. */
export function fileWhy(path: string, phase: string): Both | undefined {
  const id = [...LEAF_IDS].find((leaf) => isIn(filesOf(leaf), path));
  if (id !== undefined) return certificateTexts().certificates[id];
  if (dirname(path) === paths.unitFolder && basename(path) in unitTexts()) return unitTexts()[basename(path)];
  const authority = CA_IDS.find((ca) => isIn(caFilesOf(ca), path));
  return authority === undefined ? fileText(path, phase) : certificateTexts().authorities[authority];
}

const isIn = (files: HostFiles | undefined, path: string): boolean =>
  files?.certificate === path || files?.key === path;

function kindOf({ id, title }: Resource, path: string): Pick<FileFact, 'kind' | 'of'> {
  const kind = id.slice(0, id.indexOf(':'));
  if (kind === 'certificate')
    return id.endsWith(`:${path}`) ? { kind: 'certificate', of: undefined } : { kind: 'key', of: title };
  if (kind === 'file') return { kind: PROGRAMS.test(path) ? 'binary' : 'file', of: undefined };
  return kind === 'directory' ? { kind: 'folder', of: undefined } : { kind: 'part', of: title };
}

const PROGRAMS = /^\/(?:usr\/local|opt\/cni)\/bin\//;

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
