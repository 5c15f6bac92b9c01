import * as z from 'zod';
import { BootstrapError } from '../kernel/errors.ts';
import { read } from './release-data.ts';

const names = z.array(z.string().min(1));
const schema = z.strictObject({
  systems: z
    .array(
      z.strictObject({
        ids: names,
        versions: names,
        family: z.enum(['centos', 'debian']),
        runtime: z.enum(['docker', 'containerd']),
        node: names,
        balancer: names,
        keepalived: names,
        ipvs: names,
        nfsClient: names,
        nfsServer: names,
        docker: z.string(),
        containerd: z.string(),
        etcd: z.enum(['package', 'archive']).default('archive'),
      }),
    )
    .min(1),
  kin: z.array(
    z.strictObject({
      ids: names,
      versions: names.optional(),
      like: z.string().regex(/^\S+ \d+$/),
      why: z.string().min(1),
    }),
  ),
});

/** An operating system of `release/host-packages.yaml`. */
export type System = z.infer<typeof schema>['systems'][number];

/** What of a host tells which system it is. */
export interface HostSystem {
  /** As in os-release. */
  readonly osId: string;
  readonly osVersion: string;
  readonly family: 'centos' | 'debian' | 'other';
}

/** The system a host runs, or `undefined` for one that is not supported. Minor versions (8.9) do not count. */
export const supportedSystem = (host: HostSystem): System | undefined => rowOf(host.osId, majorOf(host));

/** Why a system is refused, where there is more to say than that nobody has tried it. */
export const whyRefused = (host: HostSystem): string | undefined => kinOf(host)?.why;

/**
 * The same, and for an unsupported one the next of kin, which `--ignore-preflight os` then gets: what its row says it
 * is like, else of its family the system of its own major version or the nearest.
 */
export function systemOf(host: HostSystem): System {
  const [id = '', version = ''] = kinOf(host)?.like.split(' ') ?? [];
  const system = supportedSystem(host) ?? rowOf(id, version) ?? nearest(host);
  if (system) return system;
  throw new BootstrapError(
    'E_RELEASE_DATA',
    `release/host-packages.yaml has no system of family ${host.family}`,
  );
}

function nearest(host: HostSystem): System | undefined {
  const family = host.family === 'debian' ? 'debian' : 'centos';
  const major = Number.parseInt(majorOf(host), 10);
  const distance = ({ versions }: System): number => {
    const all = versions.map((version) => Math.abs(Number(version) - (Number.isNaN(major) ? 0 : major)));
    return Math.min(...all);
  };
  // The versions of others count in another way: those of the family's head tell its age.
  const relatives = systems().filter(({ ids, family: own }) => own === family && ids.includes(family));
  return relatives.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** What `systemOf` takes a host for: `centos 7`. */
export function likeName(host: HostSystem): string {
  const { ids, versions } = systemOf(host);
  return `${ids[0] ?? ''} ${versions.includes(majorOf(host)) ? majorOf(host) : (versions[0] ?? '')}`;
}

const rowOf = (id: string, version: string): System | undefined =>
  systems().find(({ ids, versions }) => ids.includes(id) && versions.includes(version));

const kinOf = (host: HostSystem): ReturnType<typeof kin>[number] | undefined =>
  kin().find(
    ({ ids, versions }) =>
      ids.includes(host.osId) && (versions === undefined || versions.includes(majorOf(host))),
  );

const majorOf = ({ osVersion }: HostSystem): string => osVersion.split('.')[0] ?? '';

/** All supported systems: what any of them may want has to be asked of a host that was not seen yet. */
export const everySystem = (): readonly System[] => systems();

/** What people may install, to be told: `centos 7`, `rocky 8`, … */
export const supportedSystems = (): string[] =>
  systems().flatMap(({ ids, versions }) =>
    ids.flatMap((id) => versions.map((version) => `${id} ${version}`)),
  );

const systems = (): readonly System[] => read('host-packages.yaml', schema).systems;

const kin = (): z.infer<typeof schema>['kin'] => read('host-packages.yaml', schema).kin;
