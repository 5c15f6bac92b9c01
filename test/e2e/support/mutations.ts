import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { type HostName, onHost, settings } from './lab.ts';
import type { PlannedChange } from './product.ts';

export const KINDS = ['append', 'mode', 'delete', 'flip', 'link'] as const;
export type Kind = (typeof KINDS)[number];

interface Row {
  readonly units: readonly string[];
  readonly kinds?: readonly Kind[];
  /** For a key: the certificate that is made anew with it. */
  readonly certificate?: string;
  /** Id of the resource that keeps it, where that is not the file's own. */
  readonly resource?: string;
  /** Its unit ends by itself when the file is touched: a plan then finds it not running. */
  readonly watched?: boolean;
}

export interface Case {
  readonly name: string;
  readonly on: HostName;
  readonly break: string;
  readonly changes: readonly string[];
  readonly restarts?: readonly string[];
  readonly undo?: string;
}

const table = load(
  readFileSync(new URL('../mutations.yaml', import.meta.url), 'utf8').replaceAll(
    '198.18.NET.',
    `${settings.net}.`,
  ),
) as {
  readonly files: Readonly<Record<string, Row>>;
  readonly others: Readonly<Record<'flannel' | 'keepalived', Readonly<Record<string, Row>>>>;
  readonly rounds: readonly (readonly Case[])[];
};

const rows: ReadonlyMap<string, Row> = new Map(
  [table.files, ...Object.values(table.others)].flatMap((files) => Object.entries(files)),
);
/** Every path that the suite's own cluster has. */
export const ownPaths = Object.keys(table.files).sort();
export const { rounds } = table;

/** One path of a host's manifest. */
export interface Entry {
  readonly host: HostName;
  readonly path: string;
  readonly kinds: readonly Kind[];
  /** Id of the resource it belongs to. */
  readonly id: string;
  /** Units that are restarted when it is repaired, as far as the host has them. */
  readonly units: readonly string[];
  readonly watched: boolean;
}

/** What a host's manifest lists, with what the table says about each. Throws for a path that the table doesn't know. */
export async function entriesOf(host: HostName): Promise<Entry[]> {
  const text = await onHost(
    host,
    'cat /var/lib/k8s-bootstrap/manifest; ls /var/lib/k8s-bootstrap/revisions | sed "s/^/unit /"',
  );
  const here = new Set([...text.matchAll(/^unit (.*)\.service$/gm)].map((line) => line[1]));
  for (const unit of ['chronyd', 'k8s-bootstrap-routes', 'etcd-backup.timer']) here.add(unit);
  return [...text.matchAll(/^(\w+)\t(\S+)\t\S+$/gm)].map(([, written = '', path = '']) => {
    const row = rows.get(path);
    if (!row) throw new Error(`${host}: ${path} is not in mutations.yaml`);
    const folder = written === 'directory';
    return {
      host,
      path,
      kinds: folder ? ['mode'] : (row.kinds ?? KINDS),
      id: row.resource ?? ownId(path, folder),
      units: row.units.filter((unit) => here.has(unit)),
      watched: row.watched ?? false,
    };
  });
}

const ownId = (path: string, isFolder: boolean): string => {
  if (isFolder) return `directory:${path}`;
  return isLeaf(path) ? `certificate:${rows.get(path)?.certificate ?? path}` : `file:${path}`;
};

/** Certificates of components, which are made anew; authorities and the administrator's come as files. */
const isLeaf = (path: string): boolean =>
  rows.get(path)?.certificate !== undefined ||
  [...rows.values()].some(({ certificate }) => certificate === path);

/** What a plan says of entries that are broken: `m1 file:/etc/…` of one itself, `m1 service:…` of what is restarted for it. */
export const expectedOf = (some: readonly Entry[]): string[] =>
  [
    ...new Set(
      some.flatMap(({ host, id, units }) => [
        `${host} ${id}`,
        ...units.map((unit) => `${host} service:${withEnding(unit)}`),
      ]),
    ),
  ].sort();

/** `etcd` is a service, `etcd-backup.timer` says what it is. */
export const withEnding = (unit: string): string => (unit.includes('.') ? unit : `${unit}.service`);

/** A plan's changes in the same words. */
export const idsOf = (planned: readonly PlannedChange[]): string[] =>
  planned.map(({ host, id }) => `${host} ${id}`).sort();

/** A kind for each entry, so that all kinds are had. */
export const kindOf = ({ kinds }: Entry, index: number): Kind => kinds[index % kinds.length]!;

/**
 * Breaks on a host, all at once, what only a cluster of another kind has there.
 * @returns what a plan must say of it, and shell that sweeps up what was kept beside
 */
export async function breakOthers(
  kind: keyof typeof table.others,
  host: HostName,
): Promise<{ readonly expected: readonly string[]; readonly swept: string }> {
  const paths = Object.keys(table.others[kind]);
  const entries = (await entriesOf(host)).filter(({ path }) => paths.includes(path));
  const missing = paths.filter((path) => !entries.some((entry) => entry.path === path));
  if (missing.length > 0) throw new Error(`${host}: never written: ${missing.join(', ')}`);
  await onHost(
    host,
    `set -e\n${entries.map((entry, index) => breaking(entry.path, kindOf(entry, index))).join('\n')}`,
  );
  return { expected: expectedOf(entries), swept: sweep(paths) };
}

const COPY = '.k8sb-test';

/** Shell that changes one path; the original is kept beside it. A running binary is replaced, never written to. */
export function breaking(path: string, kind: Kind): string {
  if (kind === 'mode')
    return `case $(stat -c %a ${path}) in 711) exit 1;; 755) chmod 0750 ${path};; *) chmod 0711 ${path};; esac`;
  const aside = `mv ${path} ${path}${COPY}`;
  const copy = `${aside}; cp -a ${path}${COPY} ${path}`;
  switch (kind) {
    case 'append':
      return `${copy}; echo >> ${path}; touch -r ${path}${COPY} ${path}`;
    case 'flip':
      return `${copy}; printf '\\377' | dd of=${path} bs=1 seek=20 conv=notrunc status=none; touch -r ${path}${COPY} ${path}`;
    case 'delete':
      return aside;
    case 'link':
      return `${aside}; ln -s ${path}${COPY} ${path}`;
  }
}

/** Shell that puts the originals back: those beside, and the modes as `modes` (from `stat`) says. */
export const modesOf = (paths: readonly string[]): string => `stat -c 'chmod 0%a %n' ${paths.join(' ')}`;
export const putBack = (paths: readonly string[]): string =>
  paths.map((path) => `[ ! -e ${path}${COPY} ] || mv -fT ${path}${COPY} ${path}`).join('\n');
export const sweep = (paths: readonly string[]): string =>
  `rm -f ${paths.map((path) => path + COPY).join(' ')}`;

/** So many entries of one round may restart the same unit, whose reasons then name each. */
const MOST = 3;

/** Entries in few rounds. Of what belongs together to a single resource one is broken at a time. */
export function roundsOf(entries: readonly Entry[]): Entry[][] {
  const made: { taken: Map<string, { by: string; times: number }>; entries: Entry[] }[] = [];
  for (const entry of entries) {
    const claims = [...claimsOf(entry)];
    let round = made.find(({ taken }) =>
      claims.every(([what, by]) => {
        const found = taken.get(what);
        return !found || (found.by === by && found.times < MOST);
      }),
    );
    if (!round) made.push((round = { taken: new Map(), entries: [] }));
    for (const [what, by] of claims)
      round.taken.set(what, { by, times: (round.taken.get(what)?.times ?? 0) + 1 });
    round.entries.push(entry);
  }
  return made.map((round) => round.entries);
}

/** What an entry takes for itself in a round, and with whom it shares that. */
const claimsOf = ({ host, id, path, units }: Entry): Map<string, string> =>
  new Map([
    [`${host} ${id}`, path],
    ...units.map((unit): [string, string] => [
      `${host} ${groupOf(unit)}`,
      units.filter((one) => groupOf(one) === groupOf(unit)).join(' '),
    ]),
  ]);

/** Both away one after the other is longer than a controller holds its lease, and it ends by itself. */
const groupOf = (unit: string): string =>
  unit === 'etcd' || unit === 'kube-apiserver' ? 'etcd and API server' : unit;
