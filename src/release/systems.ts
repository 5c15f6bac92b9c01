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
        ipvs: names,
        nfsClient: names,
        nfsServer: names,
        docker: z.string(),
        containerd: z.string(),
      }),
    )
    .min(1),
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
export const supportedSystem = ({ osId, osVersion }: HostSystem): System | undefined =>
  systems().find(
    ({ ids, versions }) => ids.includes(osId) && versions.includes(osVersion.split('.')[0] ?? ''),
  );

/** The same, and for an unsupported one the latest of its family: what `--ignore-preflight os` then gets. */
export function systemOf(facts: HostSystem): System {
  const relatives = systems().filter(
    ({ family }) => family === (facts.family === 'debian' ? 'debian' : 'centos'),
  );
  const system = supportedSystem(facts) ?? relatives.at(-1);
  if (system) return system;
  throw new BootstrapError(
    'E_RELEASE_DATA',
    `release/host-packages.yaml has no system of family ${facts.family}`,
  );
}

/** All supported systems: what any of them may want has to be asked of a host that was not seen yet. */
export const everySystem = (): readonly System[] => systems();

/** What people may install, to be told: `centos 7`, `rocky 8`, … */
export const supportedSystems = (): string[] =>
  systems().flatMap(({ ids, versions }) =>
    ids.flatMap((id) => versions.map((version) => `${id} ${version}`)),
  );

const systems = (): readonly System[] => read('host-packages.yaml', schema).systems;
