import type { Host } from '../inventory/types.ts';
import { leafId } from '../phases/shared/certificates.ts';
import { adminFiles } from '../phases/trust/authorities.ts';
import { rolesOf } from '../pki/profiles.ts';
import type { LeafId } from '../pki/spec.ts';
import type { Stage } from '../plan/stage.ts';
import { fileId } from '../resources/file.ts';
import { serviceId } from '../resources/service.ts';

/** Which certificates are made anew. */
export interface Renewal {
  /** By the names of `pki/profiles.yaml`. */
  readonly names: ReadonlySet<LeafId>;
  /** Names of the hosts whose certificates these are; all by default. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** When: what this run has issued is not made anew by a later look at it. */
  readonly asked: Date;
}

/** Whether a host holds one of the certificates, and is among those meant. */
export const isRenewedOn = ({ names, hosts }: Renewal, { name, roles }: Host): boolean =>
  (hosts?.has(name) ?? true) && [...names].some((id) => rolesOf(id).some((role) => roles.includes(role)));

/**
 * Of what `up` would do, the certificates and the services that use them: nothing else is repaired on the way. Members
 * go one at a time even where `up` takes them together.
 */
export function renewalStages(stages: readonly Stage[], { names, hosts }: Renewal): Stage[] {
  const asked = new Set([...names].flatMap(resourcesOf));
  const holds = (stage: Stage, host: string): boolean =>
    stage.resources(host).some(({ id }) => asked.has(id));
  const isMeant = (host: string): boolean => hosts?.has(host) ?? true;
  return stages
    .map((stage): Stage => ({
      ...stage,
      batch: 'rolling',
      // The other members of a quorum have to stand while one is restarted, and are looked at for that.
      hosts: new Set(
        [...stage.hosts].filter((host) => holds(stage, host) && (stage.batch === 'rolling' || isMeant(host))),
      ),
      resources: (host) =>
        isMeant(host)
          ? stage.resources(host).filter(({ id }) => asked.has(id) || id.startsWith(serviceId('')))
          : [],
    }))
    .filter((stage) => [...stage.hosts].some(isMeant));
}

/** The administrator's lies on the controller; masters hold copies. */
const resourcesOf = (name: LeafId): string[] => (name === 'admin' ? adminFiles.map(fileId) : [leafId(name)]);
